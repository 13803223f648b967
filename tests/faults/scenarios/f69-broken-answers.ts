import { attemptsByPath } from '../support/attempts-by-path.ts'
import { codesByPath } from '../support/codes-by-path.ts'
import { judge, mustHold } from '../support/judge.ts'
import { quiesce } from '../support/quiesce.ts'
import type { FaultAnswer } from '../support/receiver-types.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

/** Each breaks the first request of a delivery, with the code that the attempt must have. */
const broken = { reset: 'connection_reset', close: 'socket_closed', 'half-close': 'socket_closed' } as const
/** Here the answer comes first, so that an attempt fails only where its request meets the reset on the way. */
const idle = 'answer-then-reset'
const idleCodes = new Set(['connection_reset', 'socket_closed'])

/** Every request that arrives is an attempt that was made on purpose: nothing is sent again behind our back. */
export const scenario: Scenario = {
  id: 'F69',
  title: 'RST after the bytes, half-close, no answer, reset of an idle socket',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const breaks = Object.keys(broken) as (keyof typeof broken)[]
    const modes: NonNullable<FaultAnswer['mode']>[] = [...breaks, idle]
    const only = (facility: string) => ({ filters: { facilities: [facility] } })
    for (const mode of breaks) await stack.subscribe(`/${mode}`, only('broken'))
    await stack.subscribe(`/${idle}`, only('idle'))
    await stack.receiver.program({
      rules: [
        ...breaks.map((mode) => ({ path: `/${mode}`, first: 1, answer: { mode } })),
        { path: `/${idle}`, answer: { mode: idle } },
      ],
    })
    const post = (facility: string) =>
      stack.client.post(60, { rate: 20, atOnce: 3, body: { facility_id: facility } })
    await post('broken')
    // All share their connections, so what resets idle ones must not meet what is counted here.
    await quiesce(stack.database.sql)
    await post('idle')
    const finding = await judge(stack)
    const codes = await codesByPath(stack)
    const attempts = await attemptsByPath(stack)
    const received = await stack.receiver.lines()
    const counts = (path: string) => ({
      made: attempts.get(path)?.length ?? 0,
      came: received.filter((line) => line.path === path).length,
    })
    for (const mode of modes) {
      const { made, came } = counts(`/${mode}`)
      finding.notes.push(`${mode}: ${came} requests, ${made} attempts, ${codes.get(`/${mode}`)?.join()}`)
    }
    for (const mode of breaks) {
      const { made, came } = counts(`/${mode}`)
      const found = codes.get(`/${mode}`)?.join() ?? ''
      mustHold(
        finding,
        found === broken[mode],
        `F69 ${mode}: the attempts say "${found}", not "${broken[mode]}"`,
      )
      mustHold(finding, came === made, `F69 ${mode}: ${came} requests for ${made} attempts`)
    }
    const { made, came } = counts(`/${idle}`)
    const strange = codes.get(`/${idle}`)?.filter((code) => !idleCodes.has(code)) ?? []
    mustHold(finding, strange.length === 0, `F69 ${idle}: the attempts say ${strange.join()}`)
    // A request into a socket that has just gone arrives nowhere.
    mustHold(finding, came <= made, `F69 ${idle}: ${came} requests for ${made} attempts`)
    return finding
  },
}

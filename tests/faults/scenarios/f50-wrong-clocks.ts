import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack, lasts } from '../support/start-load.ts'

const hour = 3_600_000

/** The receiver checks the signature's time against its own clock, which is right. */
export const scenario: Scenario = {
  id: 'F50',
  title: 'wall clocks wrong by +1 h, −1 h and +1 day',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const load = startLoad(stack)
    for (const [api, worker] of [
      [0, hour],
      [hour, -hour],
      [-hour, 24 * hour],
      [24 * hour, 0],
    ] as const) {
      const old = [...stack.apis(), ...stack.workers()]
      await Promise.all([
        stack.startApi({ skewed: true, env: { SKEW_MS: String(api) } }),
        stack.startWorker({ skewed: true, env: { SKEW_MS: String(worker) } }),
      ])
      for (const process of old) process.kill('SIGTERM')
      await Promise.all(old.map(({ exited }) => exited))
      await lasts(2_500)
    }
    await load.stop()
    const finding = await judge(stack)
    const lines = await stack.receiver.lines()
    const wrong = lines.filter(({ at, timestamp }) => Math.abs(at / 1_000 - timestamp) > 5)
    mustHold(
      finding,
      wrong.length === 0,
      `F50 ${wrong.length} signatures with a time that is wrong by over 5 s`,
    )
    return finding
  },
}

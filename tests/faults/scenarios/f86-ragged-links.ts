import type { FaultProxy } from '../support/fault-proxy.ts'
import { judge, mustHold } from '../support/judge.ts'
import { linkedStack } from '../support/linked-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

const phaseMs = 2_500

type Ragged = (link: FaultProxy, random: () => number) => Promise<void>

const again = async (everyMs: number, work: () => void) => {
  for (let ms = 0; ms < phaseMs; ms += everyMs) {
    work()
    await lasts(everyMs)
  }
}

/** Messages that come in pieces, slowly, or end in their middle, on a link that is never quite away. */
const phases: Record<string, Ragged> = {
  slices: async (link) => {
    link.set({ slice: 40 })
    await lasts(phaseMs)
  },
  slow: async (link) => {
    link.set({ rate: 40_000, latencyMs: 30 })
    await lasts(phaseMs)
  },
  'cut in messages': (link, random) => again(150, () => link.cutAfterBytes(1 + Math.floor(random() * 4_000))),
  'half-closed': async (link) => {
    let turn = 0
    await again(350, () => link.halfClose(++turn % 2 === 0 ? 'down' : 'up'))
  },
}

export const scenario: Scenario = {
  id: 'F86',
  title: 'each link in slices, slow, cut in the middle of messages, half-closed either way',
  backends: bothBackends,
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    const load = startLoad(stack, { rate: 30 })
    for (const [name, link] of Object.entries(links)) {
      for (const [phase, work] of Object.entries(phases)) {
        context.log(`  ${name}: ${phase}`)
        await work(link, context.random)
        link.set({})
        link.reset()
        await lasts(1_000)
      }
    }
    await load.stop()
    const finding = await judge(stack, { calls: { unavailable: true } })
    mustHold(
      finding,
      stack.workers().length === 1 && stack.apis()[0]?.running() === true,
      'F86 a process ended',
    )
    return finding
  },
}

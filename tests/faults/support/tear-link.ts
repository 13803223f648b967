import type { FaultProxy } from './fault-proxy.ts'
import { lasts } from './start-load.ts'

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

/** Does all of it to one link, a phase after the other, and leaves it whole. */
export async function tearLink(
  link: FaultProxy,
  { random, log }: { random: () => number; log: (phase: string) => void },
): Promise<void> {
  for (const [phase, work] of Object.entries(phases)) {
    log(phase)
    await work(link, random)
    link.set({})
    link.reset()
    await lasts(1_000)
  }
}

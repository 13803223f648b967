import { setTimeout as pause } from 'node:timers/promises'

export type Readiness = { ready(): readonly string[]; stop(): Promise<void> }

const everyMs = 200
const answerWithinMs = 1_000
const mostMissed = 2

/**
 * Asks every url for its readiness again and again, as a load balancer does. One probe that is not answered in time says
 * nothing yet, and where nobody is ready everybody is tried.
 */
export function watchReadiness(urls: () => readonly string[]): Readiness {
  const state = { stopped: false }
  /** Probes in a row without a good answer. */
  const missed = new Map<string, number>()
  const probe = async (url: string) => {
    const before = missed.get(url) ?? 1
    const ask = fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerWithinMs) })
    const answered = await ask.then(
      async (answer) => (await answer.text(), answer.ok),
      () => undefined,
    )
    missed.set(url, answered === true ? 0 : answered === false ? mostMissed : before + 1)
  }
  const look = async () => {
    while (!state.stopped) {
      await Promise.all(urls().map(probe))
      await pause(everyMs)
    }
  }
  const looking = look()
  return {
    ready: () => {
      const all = urls()
      const ready = all.filter((url) => (missed.get(url) ?? mostMissed) < mostMissed)
      return ready.length > 0 ? ready : all
    },
    stop: async () => {
      state.stopped = true
      await looking
    },
  }
}

import { setTimeout as pause } from 'node:timers/promises'
import type { FaultStack } from './fault-stack.ts'

/** One reading call; status 0: no answer. */
export type Reading = { status: number; at: number; ms: number }

const everyMs = 50

/** Reads a list again and again until `stop`, from four sides at once. */
export function startReading(stack: FaultStack, path: string): { calls: Reading[]; stop(): Promise<void> } {
  const calls: Reading[] = []
  const state = { stopped: false }
  const one = async () => {
    while (!state.stopped) {
      const [at, startedAt] = [Date.now(), performance.now()]
      const status = await stack.call('GET', path).then(
        async (answer) => (await answer.text(), answer.status),
        () => 0,
      )
      calls.push({ status, at, ms: performance.now() - startedAt })
      await pause(everyMs)
    }
  }
  const all = Promise.all([1, 2, 3, 4].map(one))
  return {
    calls,
    stop: async () => {
      state.stopped = true
      await all
    },
  }
}

import { createSemaphore } from '@waybill/runtime'

/** Suspects, deliveries whose worker died twice already, are sent one after the other in the whole process. */
export type SuspectTurns = {
  /** Resolves with what ends the turn, or with undefined when it did not come within `withinMs`. */
  take(withinMs: number): Promise<(() => void) | undefined>
}

/**
 * What ends its worker ends it soon, and must not take suspects of other lanes with it. One whose endpoint merely hangs
 * keeps the others waiting no longer than this.
 */
const patienceMs = 1_000

export function createSuspectTurns(): SuspectTurns {
  const one = createSemaphore(1)
  return {
    take: async (withinMs) => {
      if (!(await one.acquireWithin(withinMs))) return undefined
      let over = false
      const end = () => {
        if (over) return
        over = true
        clearTimeout(timer)
        one.release()
      }
      const timer = setTimeout(end, patienceMs)
      return end
    },
  }
}

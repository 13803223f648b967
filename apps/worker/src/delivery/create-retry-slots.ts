import { createSemaphore } from '@waybill/runtime'
import type { SlotOptions } from './slot-options.ts'

/** Slots for retries, first come, first served. */
export type RetrySlots = {
  /** Resolves with what gives the slot back; calling that again does nothing. */
  enter(): Promise<() => void>
  /** As many wait as there are slots: who brings more should wait. */
  isCrowded(): boolean
  inUse(): number
  /** Requests that have given their slot back and are still open. */
  slow(): number
}

/** A request that is open for long costs a socket and no work: while others wait, it gives its slot back and counts apart. */
export function createRetrySlots(options: SlotOptions): RetrySlots {
  const { total, slow: most = total * 2, patienceMs = 1_000, keepsUp = () => true } = options
  const { monotonic: now = () => performance.now() } = options
  const permits = createSemaphore(total)
  /** Those with a permit, oldest first. */
  const holders = new Set<{ since: number }>()
  let slow = 0
  let timer: NodeJS.Timeout | undefined

  const look = () => {
    for (const holder of keepsUp() ? holders : []) {
      if (slow >= most || now() - holder.since <= patienceMs) break
      holders.delete(holder)
      slow += 1
      permits.release()
    }
    if (permits.waiting() > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    enter: async () => {
      if (!permits.tryAcquire()) {
        timer ??= setInterval(look, patienceMs / 4)
        await permits.acquire()
      }
      const holder = { since: now() }
      holders.add(holder)
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        if (holders.delete(holder)) permits.release()
        else slow -= 1
      }
    },
    isCrowded: () => permits.waiting() >= total,
    inUse: () => permits.inUse(),
    slow: () => slow,
  }
}

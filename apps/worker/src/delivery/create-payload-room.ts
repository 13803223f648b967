import { largeDataBytes } from '@waybill/db'
import type { SubscriptionId } from '@waybill/domain'
import { createSemaphore } from '@waybill/runtime'

/** What leaves the room. */
type Leave = () => void

/**
 * Room for large payloads, in bytes as posted: many that hang must not need more memory than there is. First attempts and
 * retries have rooms of their own; small payloads need none.
 */
export type PayloadRoom = {
  /** For a first attempt, whose payload is in memory already: undefined when its lane must send it, later. */
  tryEnter(subscription: SubscriptionId, payload: string): Leave | undefined
  /** For a retry, before its payload is read: first come, first served. */
  enter(bytes: number): Promise<Leave>
  inUse(): { firstAttempts: number; retries: number }
}

/** A subscription may hold this part of what is free, so that many that hang together leave room for the others. */
const partOfFree = 1 / 4
/** Of one UTF-16 code unit. */
const mostBytes = 3
const stayOutside: Leave = () => {}

/** @param total bytes, of first attempts and of retries each */
export function createPayloadRoom(total: number): PayloadRoom {
  const firsts = createSemaphore(total)
  const retries = createSemaphore(total)
  const held = new Map<SubscriptionId, number>()

  const holds = (subscription: SubscriptionId, change: number): void => {
    const bytes = (held.get(subscription) ?? 0) + change
    if (bytes > 0) held.set(subscription, bytes)
    else held.delete(subscription)
  }
  return {
    tryEnter: (subscription, payload) => {
      if (payload.length * mostBytes <= largeDataBytes) return stayOutside
      const bytes = Buffer.byteLength(payload)
      if (bytes <= largeDataBytes) return stayOutside
      const free = total - firsts.inUse()
      if ((held.get(subscription) ?? 0) + bytes > free * partOfFree || !firsts.tryAcquire(bytes))
        return undefined
      holds(subscription, bytes)
      return () => {
        holds(subscription, -bytes)
        firsts.release(bytes)
      }
    },
    enter: async (bytes) => {
      // One that is larger than the room has it to itself.
      const taken = Math.min(bytes, total)
      await retries.acquire(taken)
      return () => retries.release(taken)
    },
    inUse: () => ({ firstAttempts: firsts.inUse(), retries: retries.inUse() }),
  }
}

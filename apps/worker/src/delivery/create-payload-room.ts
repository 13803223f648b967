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
  /** There is no place for a first attempt with this payload, and will be soon: a plan should wait for it. */
  isCrowded(payload: string): boolean
  /** For a retry, before its payload is read: first come, first served. */
  enter(bytes: number): Promise<Leave>
  inUse(): { firstAttempts: number; retries: number }
}

/** A subscription may hold this part of what is free, so that many that hang together leave room for the others. */
const partOfFree = 1 / 4
/** Who leaves sooner than this was answered, in ms; who stays longer hangs. */
const quickMs = 1_000
/** The room moves for this long after somebody was answered, or came in, in ms. */
const silentMs = 250
/** Of one UTF-16 code unit. */
const mostBytes = 3
const stayOutside: Leave = () => {}

/** @param total bytes, of first attempts and of retries each */
export function createPayloadRoom(total: number, now = () => performance.now()): PayloadRoom {
  const firsts = createSemaphore(total)
  const retries = createSemaphore(total)
  const held = new Map<SubscriptionId, number>()
  /** Those in the room for first attempts, oldest first. */
  const inside = new Set<{ since: number; bytes: number }>()
  let answeredAt = -Infinity

  const holds = (subscription: SubscriptionId, change: number): void => {
    const bytes = (held.get(subscription) ?? 0) + change
    if (bytes > 0) held.set(subscription, bytes)
    else held.delete(subscription)
  }
  /** What a subscription may hold. */
  const share = (): number => (total - firsts.inUse()) * partOfFree
  /** Most of what is inside has not been there for long enough to hang. */
  const isFresh = (): boolean => {
    let old = 0
    for (const { since, bytes } of inside) {
      if (now() - since < silentMs) break
      old += bytes
    }
    return old * 2 < firsts.inUse()
  }
  // A plan asks again and again for the same payload.
  let measured = { payload: '', bytes: 0 }
  /** 0 for a small one. */
  const largeBytes = (payload: string): number => {
    if (payload.length * mostBytes <= largeDataBytes) return 0
    if (measured.payload !== payload) measured = { payload, bytes: Buffer.byteLength(payload) }
    return measured.bytes > largeDataBytes ? measured.bytes : 0
  }
  return {
    tryEnter: (subscription, payload) => {
      const bytes = largeBytes(payload)
      if (bytes === 0) return stayOutside
      if ((held.get(subscription) ?? 0) + bytes > share() || !firsts.tryAcquire(bytes)) return undefined
      holds(subscription, bytes)
      const guest = { since: now(), bytes }
      inside.add(guest)
      return () => {
        if (now() - guest.since < quickMs) answeredAt = now()
        inside.delete(guest)
        holds(subscription, -bytes)
        firsts.release(bytes)
      }
    },
    isCrowded: (payload) => {
      const bytes = largeBytes(payload)
      return bytes > 0 && bytes > share() && (now() - answeredAt < silentMs || isFresh())
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

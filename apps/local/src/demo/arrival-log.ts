/** One request that reached the demo receiver. */
export type Arrival = {
  at: number
  subscriber: string
  event: string
  about: string
  /** The delivery's id where the request has one, else what is the same on every attempt. */
  deliveryId: string
  attempt: number
  signed: boolean
  answer: number
  /** How long the answer took on purpose. */
  delayMs: number
}

/** Remembers which deliveries arrived, so that attempts can be counted and first arrivals timed. */
export type ArrivalLog = {
  /** Counts a request; `delivery` is its delivery's place among those of the subscriber, from 1. */
  count(
    subscriber: string,
    deliveryId: string,
    at: number,
    signed: boolean,
  ): { delivery: number; attempt: number }
  /** How many requests with a good signature the subscriber got. */
  arrived(subscriber: string): number
  /** When a delivery first arrived, in ms since 1970. */
  firstArrival(deliveryId: string): number | undefined
}

type Seen = { delivery: number; attempts: number; firstAt: number }

/** A stack that runs for days forgets the oldest deliveries. */
const mostRemembered = 50_000

export function createArrivalLog(): ArrivalLog {
  const seen = new Map<string, Seen>()
  const perSubscriber = new Map<string, number>()
  const signedRequests = new Map<string, number>()
  return {
    count: (subscriber, deliveryId, at, signed) => {
      if (signed) signedRequests.set(subscriber, (signedRequests.get(subscriber) ?? 0) + 1)
      const known = seen.get(deliveryId)
      if (known) {
        known.attempts += 1
        return { delivery: known.delivery, attempt: known.attempts }
      }
      const delivery = (perSubscriber.get(subscriber) ?? 0) + 1
      perSubscriber.set(subscriber, delivery)
      seen.set(deliveryId, { delivery, attempts: 1, firstAt: at })
      if (seen.size > mostRemembered) for (const oldest of seen.keys()) if (seen.delete(oldest)) break
      return { delivery, attempt: 1 }
    },
    arrived: (subscriber) => signedRequests.get(subscriber) ?? 0,
    firstArrival: (deliveryId) => seen.get(deliveryId)?.firstAt,
  }
}

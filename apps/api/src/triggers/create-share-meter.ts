import type { IntegrationId } from '@waybill/domain'

/** Knows how much each integration has sent of late, and who sends more than its share. */
export type ShareMeter = {
  /** Counts triggers; returns how many of the integration's are remembered now, these included. */
  count(integration: IntegrationId, triggers: number): number
  /** True for one that sends much, and clearly more than its share, while others send, too. */
  isOver(integration: IntegrationId): boolean
  /** How many integrations sent within the last minute. */
  senders(): number
}

type Sent = { amount: number; at: number; seenAt: number }

/** What was sent is forgotten at this pace: a steady rate of r a second is remembered as twice r. */
const forgetMs = 2_000
/** Who is remembered with less than this, a hundred a second, is never over its share. */
const muchSent = 200
/** How far above the average of all who send: two that flood alike are not told apart by chance. */
const clearly = 1.25
/** Who has sent nothing for this long does not count among those who send. */
const goneMs = 60_000
/** How old the sum over all may be. */
const sumEveryMs = 100

/** One process' own view; its memory is that of the integrations that sent within the last minute. */
export function createShareMeter(monotonic: () => number): ShareMeter {
  const sent = new Map<IntegrationId, Sent>()
  let summedAt = -Infinity
  let average = 0

  const amountOf = (one: Sent, now: number): number => one.amount * Math.exp((one.at - now) / forgetMs)
  const sum = (now: number): void => {
    summedAt = now
    let total = 0
    for (const [integration, one] of sent) {
      if (now - one.seenAt > goneMs) sent.delete(integration)
      else total += amountOf(one, now)
    }
    average = total / Math.max(1, sent.size)
  }
  return {
    count: (integration, triggers) => {
      const now = monotonic()
      const known = sent.get(integration)
      const amount = triggers + (known ? amountOf(known, now) : 0)
      if (known) Object.assign(known, { amount, at: now, seenAt: now })
      else sent.set(integration, { amount, at: now, seenAt: now })
      return amount
    },
    senders: () => sent.size,
    isOver: (integration) => {
      const one = sent.get(integration)
      if (!one || one.amount < muchSent || sent.size < 2) return false
      const now = monotonic()
      if (now - summedAt > sumEveryMs) sum(now)
      return amountOf(one, now) >= Math.max(muchSent, average * clearly)
    },
  }
}

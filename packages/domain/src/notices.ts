import type { Decision } from './decide.ts'
import type { Profile } from './profiles.ts'
import { retryGapMs } from './schedule.ts'

/** What a person is told about, stored with each notice. */
export const noticeKinds = [
  /** One delivery has failed as often as its profile's mail waits for. */
  'delivery_failing',
  /** An endpoint has been failing for as long as its profile's mail waits for. */
  'subscription_failing',
  'delivery_given_up',
  'delivery_quarantined',
  /** Triggers that ended their workers before anything was planned for them. */
  'batch_quarantined',
  'subscription_deactivated',
  'subscription_created',
  /** A mail could not be sent. */
  'mail_failed',
] as const
export type NoticeKind = (typeof noticeKinds)[number]

/** The kinds that one attempt can lead to. */
export type AttemptNotice = Extract<
  NoticeKind,
  'delivery_failing' | 'subscription_failing' | 'delivery_given_up'
>

/**
 * What a person is to be told after an attempt.
 *
 * @param failures those that moved the schedule, with this attempt if it was one
 */
export function noticesAfter(decision: Decision, failures: number, profile: Profile): AttemptNotice[] {
  if (decision.kind === 'delivered') return []
  const { mailAfter } = profile
  const notices: AttemptNotice[] = []
  if (mailAfter.failures === failures) notices.push('delivery_failing')
  if (mailAfter.failingMs !== null && hasJustFailedFor(mailAfter.failingMs, failures, profile))
    notices.push('subscription_failing')
  // Whoever deactivates the subscription tells that, which says more.
  if (decision.kind === 'give-up' && mailAfter.giveUp && !decision.deactivate)
    notices.push('delivery_given_up')
  return notices
}

/** True at the one failure by which the schedule's gaps add up to that long. */
function hasJustFailedFor(ms: number, failures: number, profile: Profile): boolean {
  const sinceFirst = (failure: number): number => {
    let sum = 0
    for (let n = 1; n < failure; n += 1) sum += retryGapMs(profile, n) ?? 0
    return sum
  }
  return sinceFirst(failures) >= ms && sinceFirst(failures - 1) < ms
}

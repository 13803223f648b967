import { MAX_ATTEMPTS } from './ids.ts'
import type { Profile } from './profiles.ts'
import { retryGapMs } from './schedule.ts'
import { isSuccess } from './success-code.ts'
import type { SuccessCodeRule } from './success-code.ts'

/** How one attempt ended. `retryAfterMs` is the Retry-After header in ms from now. */
export type Outcome =
  | { readonly kind: 'response'; readonly status: number; readonly retryAfterMs?: number }
  | {
      readonly kind: 'error'
      readonly code: string
      readonly phase: 'dns' | 'connect' | 'tls' | 'send' | 'response'
    }

export type DecideInput = {
  readonly outcome: Outcome
  /** Counted failures before this attempt; a worker's death counts none. */
  readonly failures: number
  /** The number of this attempt, from 1. */
  readonly attempt: number
  readonly profile: Profile
  /** The subscription's own `success_code`, when it has one. */
  readonly successRule?: SuccessCodeRule | undefined
  readonly nowMs: number
  /** The end of the delivery's horizon; no attempt is planned after it. */
  readonly expiresAtMs: number
  /** In [0, 1), like Math.random. */
  readonly random: () => number
}

/** What happens next. `failures` of a retry includes this attempt; `deactivate` concerns the subscription. */
export type Decision =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly failures: number }
  | {
      readonly kind: 'give-up'
      readonly reason: 'exhausted' | 'gone' | 'blocked' | 'expired'
      readonly deactivate: boolean
    }

const GONE = 410

/** Turns an attempt's outcome into the delivery's next step. Pure: time and chance are arguments. */
export function decide(input: DecideInput): Decision {
  const { outcome, profile } = input
  if (outcome.kind === 'response' && isSuccess(outcome.status, input.successRule, profile)) {
    return { kind: 'delivered' }
  }
  if (outcome.kind === 'response' && outcome.status === GONE && profile.onGone === 'deactivate') {
    return { kind: 'give-up', reason: 'gone', deactivate: true }
  }
  // The egress guard refused the address or the port: it will again, until a person changes the URL or the allow-list.
  if (outcome.kind === 'error' && outcome.code.startsWith('blocked_')) {
    return { kind: 'give-up', reason: 'blocked', deactivate: false }
  }
  return planRetry(input)
}

function planRetry({ outcome, profile, ...input }: DecideInput): Decision {
  const failures = input.failures + 1
  const gapMs = input.attempt < MAX_ATTEMPTS ? retryGapMs(profile, failures) : undefined
  if (gapMs === undefined) {
    return { kind: 'give-up', reason: 'exhausted', deactivate: profile.onExhausted === 'deactivate' }
  }
  const jitteredMs = Math.ceil(gapMs * (1 + profile.jitter * input.random()))
  const askedMs = outcome.kind === 'response' ? (outcome.retryAfterMs ?? 0) : 0
  const delayMs = Math.max(jitteredMs, Math.min(Math.ceil(askedMs), profile.retryAfterCapMs))
  if (input.nowMs + delayMs > input.expiresAtMs) {
    return { kind: 'give-up', reason: 'expired', deactivate: false }
  }
  return { kind: 'retry', delayMs, failures }
}

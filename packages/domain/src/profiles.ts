export type ProfileName = 'planomatic-v2' | 'planomatic-v3' | 'nursa' | 'planning-center' | 'standard'

/** How a subscription's deliveries go out, as data. All durations are milliseconds. */
export type Profile = {
  readonly name: ProfileName
  readonly envelope: 'order-status' | 'order-event' | 'nursa' | 'event-delivery' | 'standard'
  /** `none-standard-headers`: the vendor signs nothing; Standard Webhooks headers are added all the same. */
  readonly signature: 'none-standard-headers' | 'nursa' | 'planning-center' | 'standard'
  /** Gaps between one attempt and the next; the first attempt is immediate. */
  readonly schedule: { readonly gapsMs: readonly number[]; readonly afterLast: 'repeat' | 'exhausted' }
  /** What counts as success when the subscription sets no `success_code`. */
  readonly successRule: '2xx' | 'below-400'
  /** The largest part of a gap added by chance; 0 where the vendor states exact times. */
  readonly jitter: number
  /** The longest wait that a subscriber's Retry-After can ask for. */
  readonly retryAfterCapMs: number
  /** How long after it was made a delivery may still be tried, unless the subscription says otherwise. */
  readonly defaultHorizonMs: number
  /** What a 410 does to the subscription. */
  readonly onGone: 'deactivate' | 'retry'
  /** What the end of the schedule does to the subscription. */
  readonly onExhausted: 'deactivate' | 'stay-active'
  /** Deactivate a subscription that has done nothing but fail for so long; null: never. */
  readonly deactivateAfterFailingMs: number | null
  /** When to mail; null and false: not for this reason. */
  readonly mailAfter: {
    readonly failures: number | null
    readonly failingMs: number | null
    readonly giveUp: boolean
  }
  /** What a trigger makes for an inactive subscription. */
  readonly whenInactive: 'nothing' | 'skipped'
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * "PlanOmatic API v2: Webhooks" (https://api-docs.planomatic.com/v2.0/reference/webhooks): any 2xx, else again every six
 * minutes until it works; a mail after the tenth failure. The horizon is ours: without one, a dead URL lives for ever.
 */
const planomatic = {
  signature: 'none-standard-headers',
  schedule: { gapsMs: [6 * MINUTE], afterLast: 'repeat' },
  successRule: '2xx',
  jitter: 0,
  retryAfterCapMs: DAY,
  defaultHorizonMs: 72 * HOUR,
  onGone: 'retry',
  onExhausted: 'stay-active',
  deactivateAfterFailingMs: null,
  mailAfter: { failures: 10, failingMs: null, giveUp: true },
  whenInactive: 'nothing',
} as const

/**
 * "Webhooks Retry Mechanism" (https://docs.nursa.com/docs/Integration%20Guideline/Webhooks%20Retry%20Mechanism): a status
 * of 400 or more is resent three times, after at least 5, 30 and 60 minutes. The horizon leaves room for Retry-After.
 */
const nursa: Profile = {
  name: 'nursa',
  envelope: 'nursa',
  signature: 'nursa',
  schedule: { gapsMs: [5 * MINUTE, 30 * MINUTE, 60 * MINUTE], afterLast: 'exhausted' },
  successRule: 'below-400',
  jitter: 0.2,
  retryAfterCapMs: DAY,
  defaultHorizonMs: 4 * DAY,
  onGone: 'retry',
  onExhausted: 'stay-active',
  deactivateAfterFailingMs: null,
  mailAfter: { failures: null, failingMs: null, giveUp: false },
  whenInactive: 'nothing',
}

/**
 * "Webhooks" (https://api.planningcenteronline.com/docs/overview/webhooks): 16 retries within 5.4 days, 30 s doubling to
 * 17 hours, then daily; a mail after an hour and on the last one, which also deactivates, as a 410 does.
 */
const planningCenter: Profile = {
  name: 'planning-center',
  envelope: 'event-delivery',
  signature: 'planning-center',
  schedule: {
    gapsMs: [
      30 * SECOND,
      ...[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024].map((minutes) => minutes * MINUTE),
      DAY,
      DAY,
      DAY,
      DAY,
    ],
    afterLast: 'exhausted',
  },
  successRule: '2xx',
  jitter: 0,
  retryAfterCapMs: DAY,
  defaultHorizonMs: 7 * DAY,
  onGone: 'deactivate',
  onExhausted: 'deactivate',
  deactivateAfterFailingMs: null,
  mailAfter: { failures: null, failingMs: HOUR, giveUp: true },
  whenInactive: 'skipped',
}

/** Our own, after the advice in https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. */
const standard: Profile = {
  name: 'standard',
  envelope: 'standard',
  signature: 'standard',
  schedule: {
    gapsMs: [
      ...[5, 30].map((seconds) => seconds * SECOND),
      ...[2, 10, 30].map((minutes) => minutes * MINUTE),
      ...[1, 3, 6, 12, 12, 18, 24].map((hours) => hours * HOUR),
    ],
    afterLast: 'exhausted',
  },
  successRule: '2xx',
  jitter: 0.2,
  retryAfterCapMs: DAY,
  defaultHorizonMs: 7 * DAY,
  onGone: 'deactivate',
  onExhausted: 'stay-active',
  deactivateAfterFailingMs: 5 * DAY,
  mailAfter: { failures: null, failingMs: null, giveUp: true },
  whenInactive: 'nothing',
}

/** Every profile, with the vendors' own times. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'planomatic-v2': { name: 'planomatic-v2', envelope: 'order-status', ...planomatic },
  'planomatic-v3': { name: 'planomatic-v3', envelope: 'order-event', ...planomatic },
  nursa,
  'planning-center': planningCenter,
  standard,
}

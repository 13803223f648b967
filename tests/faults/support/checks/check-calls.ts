import type { Call } from '../call-once.ts'
import type { Failures } from './failures.ts'

/** What the api promises, and what reading the clock on a busy machine may add to it, ms. */
const promisedMs = 2_000
const slackMs = 500

/**
 * C8 and I8: every call is answered in time, with 202 or a 503 that says when to come back. `cut`: calls may also end
 * with their connection, where the scenario cuts it; `unavailable`: 503 and 429 may occur at all; `others`: these are no
 * posts of triggers, so that any answer will do that is no 5xx.
 */
export function checkCalls(
  calls: readonly Call[],
  allowed: { cut?: boolean; unavailable?: boolean; others?: boolean } = {},
): Failures {
  const failures: Failures = []
  const note = (what: string, found: readonly Call[]) => {
    const [first] = found
    if (first) failures.push(`C8 ${what}: ${found.length}, such as ${describe(first)}`)
  }
  const answered = calls.filter(({ status }) => status > 0)
  note(
    'answered too late',
    answered.filter(({ ms }) => ms > promisedMs + slackMs),
  )
  note(
    'hung',
    calls.filter(
      ({ status, error, ms }) => status === 0 && (error === 'TimeoutError' || ms > promisedMs + slackMs),
    ),
  )
  const refused = answered.filter(({ status }) => status === 503 || status === 429)
  note(
    '503 without Retry-After or not as problem+json',
    refused.filter((one) => !one.retryAfter || !one.problem),
  )
  note(
    allowed.others ? 'an error of ours' : 'neither 202, 429 nor 503',
    answered.filter(({ status }) =>
      allowed.others ? status >= 500 && status !== 503 : ![202, 429, 503].includes(status),
    ),
  )
  if (!allowed.unavailable) note('refused', refused)
  if (!allowed.cut)
    note(
      'no answer',
      calls.filter(({ status, error }) => status === 0 && error !== 'TimeoutError'),
    )
  return failures
}

const describe = ({ status, ms, error }: Call): string => `${error ?? status} after ${Math.round(ms)} ms`

/** The time within which `share` of the calls were answered, ms. */
export function percentile(calls: readonly number[], share: number): number {
  const sorted = calls.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

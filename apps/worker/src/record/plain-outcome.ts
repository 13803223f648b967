import type { AttemptRow } from '@waybill/db'

/** The outcome without the free text a receiver sent: what is left is ours and always storable. */
export function plainOutcome<T extends { attempt: AttemptRow | null }>(outcome: T): T {
  if (!outcome.attempt) return outcome
  return { ...outcome, attempt: { ...outcome.attempt, responseHeaders: null, responseBody: null } }
}

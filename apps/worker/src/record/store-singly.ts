import type { AttemptRow } from '@waybill/db'
import type { Logger } from '@waybill/runtime'
import { plainOutcome } from './plain-outcome.ts'

/** The database does not take this outcome, whatever is left out of it. */
export class OutcomeRefused extends Error {}

/**
 * After a refusal: stores one outcome after the other without what a receiver sent, so that one which cannot be stored keeps
 * no other from it. Returns those that were refused even so.
 */
export async function storeSingly<T extends { delivery: number; attempt: AttemptRow | null }>(
  outcomes: readonly T[],
  store: (outcome: T) => Promise<unknown>,
  logger: Logger,
): Promise<Set<T>> {
  const refused = new Set<T>()
  for (const outcome of outcomes) {
    try {
      await store(plainOutcome(outcome))
    } catch (error) {
      logger.error('record.refused', { delivery: outcome.delivery, error })
      refused.add(outcome)
    }
  }
  return refused
}

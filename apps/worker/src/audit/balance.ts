import type { OpenBatches, StatusCount, Violation } from '@waybill/db'
import { statusByCode, type DeliveryStatus } from '@waybill/domain'

/** The terms of the equation; the five that an ignored delivery can come from are one. */
export const terms = ['delivered', 'failed', 'skipped', 'duplicated', 'ignored', 'pending'] as const
export type Term = (typeof terms)[number]

export type Balance = {
  /** Triggers. */
  accepted: number
  /** Deliveries that the triggers' plans hold, as far as they are made. */
  matched: number
  /** `pending` includes what is planned and not yet recorded. */
  deliveries: Record<Term, number>
  /** Of the failed: to be tried again. */
  retrying: number
  /** matched − all deliveries: those that are nowhere. */
  missing: number
}

const termOf: Readonly<Record<DeliveryStatus, Term>> = {
  pending: 'pending',
  delivered: 'delivered',
  failed: 'failed',
  skipped: 'skipped',
  duplicated: 'duplicated',
  ignored_failed: 'ignored',
  ignored_skipped: 'ignored',
  ignored_duplicated: 'ignored',
}

/** Adds up what was counted. Pure. */
export function balance(
  accepted: number,
  counts: readonly StatusCount[],
  open: Pick<OpenBatches, 'sending'>,
  violations: readonly (Violation & { missing?: number })[],
): Balance {
  const deliveries = { delivered: 0, failed: 0, skipped: 0, duplicated: 0, ignored: 0, pending: open.sending }
  let retrying = 0
  for (const { status, retrying: again, n } of counts) {
    const name = statusByCode(status)
    if (name) deliveries[termOf[name]] += n
    if (again) retrying += n
  }
  const missing = violations.reduce((sum, violation) => sum + (violation.missing ?? 0), 0)
  const recorded = terms.reduce((sum, term) => sum + deliveries[term], 0)
  return { accepted, matched: recorded + missing, deliveries, retrying, missing }
}

/**
 * What must never be seen in a ledger that is whole, once a second look has confirmed it. Names are stable: they label a
 * metric and head a section of what `pnpm audit-ledger` prints.
 */
export const violationKinds = [
  'pending_without_due',
  'retry_without_due',
  'due_without_delivery',
  'due_of_settled',
  'due_of_other_generation',
  'attempts_differ',
  'planned_but_missing',
  'matched_but_missing',
  'batch_of_nobody',
  'batch_quarantined',
  'lane_missing',
  'lane_late',
  'lane_of_nobody',
] as const
export type ViolationKind = (typeof violationKinds)[number]

/** What the id of a violation names; `block` is the first delivery id of a plan. */
export type ViolationSubject = 'delivery' | 'trigger' | 'batch' | 'subscription' | 'block'

export type Violation = {
  kind: ViolationKind
  subject: ViolationSubject
  id: number
  /** The subscription concerned, where it is not the subject itself. */
  subscription: number | null
  /** Figures that say more, in words. */
  detail: string
}

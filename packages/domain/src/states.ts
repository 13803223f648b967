export type DeliveryStatus =
  | 'pending'
  | 'delivered'
  | 'failed'
  | 'skipped'
  | 'duplicated'
  | 'ignored_failed'
  | 'ignored_skipped'
  | 'ignored_duplicated'

export type DeliveryAction = 'attempt_succeeded' | 'attempt_failed' | 'redeliver' | 'ignore'

/** Why a delivery stays `failed` with no retry planned; stored in its `err`. */
export const giveUpReasons = [
  'exhausted',
  'expired',
  'gone',
  'blocked',
  'quarantined',
  'render_failed',
  'subscription_deleted',
] as const
export type GiveUpReason = (typeof giveUpReasons)[number]

// Stored in every delivery's row: add codes, never change or reuse one.
const codes: Readonly<Record<DeliveryStatus, number>> = {
  pending: 1,
  delivered: 2,
  failed: 3,
  skipped: 4,
  duplicated: 5,
  ignored_failed: 6,
  ignored_skipped: 7,
  ignored_duplicated: 8,
}

export const deliveryStatuses = Object.keys(codes) as readonly DeliveryStatus[]

/** The statuses a delivery can be made with; the last two are never sent. */
export const initialStatuses = [
  'pending',
  'skipped',
  'duplicated',
] as const satisfies readonly DeliveryStatus[]

type Moves = Readonly<Partial<Record<DeliveryStatus, DeliveryStatus>>>

/** Which action moves a delivery from where to where; what is not here is refused. */
export const moves: Readonly<Record<DeliveryAction, Moves>> = {
  // An ignored delivery's last attempt may still be under way: its 2xx is a fact, its failure changes nothing.
  attempt_succeeded: {
    pending: 'delivered',
    failed: 'delivered',
    ignored_failed: 'delivered',
    ignored_skipped: 'delivered',
    ignored_duplicated: 'delivered',
  },
  attempt_failed: {
    pending: 'failed',
    failed: 'failed',
    ignored_failed: 'ignored_failed',
    ignored_skipped: 'ignored_skipped',
    ignored_duplicated: 'ignored_duplicated',
  },
  redeliver: {
    pending: 'pending',
    delivered: 'pending',
    failed: 'pending',
    skipped: 'pending',
    duplicated: 'pending',
    ignored_failed: 'pending',
    ignored_skipped: 'pending',
    ignored_duplicated: 'pending',
  },
  ignore: {
    failed: 'ignored_failed',
    skipped: 'ignored_skipped',
    duplicated: 'ignored_duplicated',
    ignored_failed: 'ignored_failed',
    ignored_skipped: 'ignored_skipped',
    ignored_duplicated: 'ignored_duplicated',
  },
}

/** The status after the action, or undefined when the action is refused in this status. */
export function nextStatus(action: DeliveryAction, from: DeliveryStatus): DeliveryStatus | undefined {
  return moves[action][from]
}

/** Whether the action is allowed in this status; staying where it is (ignoring twice) is allowed. */
export function canMove(action: DeliveryAction, from: DeliveryStatus): boolean {
  return nextStatus(action, from) !== undefined
}

/** The smallint that stands for the status in the database. */
export function statusCode(status: DeliveryStatus): number {
  return codes[status]
}

const byCode = new Map<number, DeliveryStatus>(deliveryStatuses.map((status) => [codes[status], status]))

/** The status behind a stored code; undefined for a code this version does not know. */
export function statusByCode(code: number): DeliveryStatus | undefined {
  return byCode.get(code)
}

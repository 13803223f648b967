declare const brand: unique symbol
type Branded<Name extends string> = number & { readonly [brand]: Name }

export type TriggerId = Branded<'TriggerId'>
export type DeliveryId = Branded<'DeliveryId'>
export type BatchId = Branded<'BatchId'>
export type SubscriptionId = Branded<'SubscriptionId'>
export type IntegrationId = Branded<'IntegrationId'>
export type WorkerId = Branded<'WorkerId'>

// These only name a number that is already known to be such an id: parsing belongs to the three edges.
export const asTriggerId = (id: number): TriggerId => id as TriggerId
export const asDeliveryId = (id: number): DeliveryId => id as DeliveryId
export const asBatchId = (id: number): BatchId => id as BatchId
export const asSubscriptionId = (id: number): SubscriptionId => id as SubscriptionId
export const asIntegrationId = (id: number): IntegrationId => id as IntegrationId
export const asWorkerId = (id: number): WorkerId => id as WorkerId

/** The id at `position` (from 0) of a block of ids that were reserved together, of which `first` is the first. */
export const idInBlock = <Id extends TriggerId | DeliveryId>(first: Id, position: number): Id =>
  (first + position) as Id

/** Trigger, batch and delivery ids are `days since 2020-01-01 UTC × ID_DAY_STEP + sequence`. */
export const ID_DAY_STEP = 100_000_000_000
/** Attempts of one delivery are numbered 1…MAX_ATTEMPTS. */
export const MAX_ATTEMPTS = 9_999

const DAY_MS = 86_400_000
const EPOCH_MS = Date.UTC(2020, 0, 1)
const ATTEMPT_STEP = 10_000n

/** The start (UTC) of the day on which the id was made. */
export function dayOf(id: number): Date {
  return new Date(EPOCH_MS + Math.floor(id / ID_DAY_STEP) * DAY_MS)
}

/** The smallest id that the date's UTC day can hold; ids of earlier days are all below it. */
export function firstIdOfDay(date: Date): number {
  return Math.floor((date.getTime() - EPOCH_MS) / DAY_MS) * ID_DAY_STEP
}

/**
 * The public id of a delivery's n-th attempt (n from 1). It passes 2^53, so it only ever travels as a string.
 *
 * @throws RangeError when n is outside 1…9,999, since the id would then name another delivery's attempt.
 */
export function attemptId(delivery: DeliveryId, n: number): string {
  if (!Number.isInteger(n) || n < 1 || n > MAX_ATTEMPTS)
    throw new RangeError(`attempt number out of range: ${n}`)
  return (BigInt(delivery) * ATTEMPT_STEP + BigInt(n)).toString()
}

/** Reads what {@link attemptId} wrote; undefined for every other text. */
export function parseAttemptId(text: string): { delivery: DeliveryId; n: number } | undefined {
  if (!/^[1-9]\d{0,19}$/.test(text)) return undefined
  const value = BigInt(text)
  const delivery = value / ATTEMPT_STEP
  const n = Number(value % ATTEMPT_STEP)
  if (n === 0 || delivery === 0n || delivery > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { delivery: asDeliveryId(Number(delivery)), n }
}

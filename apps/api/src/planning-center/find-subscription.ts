import { findSubscriptionInScope, type SubscriptionRecord, type Storage } from '@waybill/db'
import { asSubscriptionId, profileCode } from '@waybill/domain'
import type { Call } from './call.ts'
import { notFound } from './refusal.ts'

const largest = 2_147_483_647

/** The living subscription that the path names, of this dialect and within the token's reach; else a 404. */
export async function findSubscription(
  { storage }: { storage: Pick<Storage, 'orm'> },
  { params, principal }: Call,
): Promise<SubscriptionRecord> {
  const id = readNumber(params['subscription'], largest)
  if (id === undefined) throw notFound()
  const found = await findSubscriptionInScope(storage.orm, [...principal.integrations], asSubscriptionId(id))
  if (!found || found.profile !== profileCode('planning-center')) throw notFound()
  return found
}

/** An id in a path; undefined for what can be none. */
export function readNumber(text: string | undefined, most: number): number | undefined {
  const number = text !== undefined && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN
  return number <= most ? number : undefined
}

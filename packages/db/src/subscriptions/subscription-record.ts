import { and, eq, isNull, type SQL } from 'drizzle-orm'
import type { OrmOrTransaction } from '../open-database.ts'
import {
  revisions,
  subscriptions,
  subscriptionState,
  type SubscriptionFilters,
  type SubscriptionState,
} from '../schema/index.ts'

/** A subscription with its current revision. `profile` is the profile's stored code. */
export type SubscriptionRecord = {
  id: number
  integration: number
  key: string
  name: string
  url: string
  view: string | null
  profile: number
  state: SubscriptionState
  revision: number
  filters: SubscriptionFilters
  successCode: string | null
  horizonSeconds: number
  timeoutMs: number
  inFlightLimit: number
  notify: boolean
  notificationEmails: string | null
  createdAt: Date
  updatedAt: Date
}

const stateNames = Object.entries(subscriptionState) as [SubscriptionState, number][]

export function stateName(code: number): SubscriptionState {
  const found = stateNames.find(([, value]) => value === code)
  if (!found) throw new Error(`unknown subscription state ${code}`)
  return found[0]
}

/** Living subscriptions of one integration that fit `where`, oldest first. */
export async function selectSubscriptions(
  orm: OrmOrTransaction,
  integration: number,
  where: SQL | undefined,
  limit: number,
): Promise<SubscriptionRecord[]> {
  const rows = await orm
    .select()
    .from(subscriptions)
    .innerJoin(
      revisions,
      and(eq(revisions.subscription, subscriptions.id), eq(revisions.revision, subscriptions.revision)),
    )
    .where(and(eq(subscriptions.integration, integration), isNull(subscriptions.deletedAt), where))
    .orderBy(subscriptions.id)
    .limit(limit)
  return rows.map(({ subscriptions: s, revisions: r }) => {
    const { deletedAt: _deletedAt, changedVersion: _changedVersion, ...kept } = s
    return { ...kept, state: stateName(s.state), name: r.name, url: r.url, view: r.view }
  })
}

/** One living subscription of the integration, else undefined. */
export async function findSubscription(
  orm: OrmOrTransaction,
  integration: number,
  id: number,
): Promise<SubscriptionRecord | undefined> {
  const [found] = await selectSubscriptions(orm, integration, eq(subscriptions.id, id), 1)
  return found
}

import { and, eq, gt, inArray, isNull, sql, type SQL } from 'drizzle-orm'
import type { IntegrationId, SubscriptionId } from '@waybill/domain'
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
  id: SubscriptionId
  integration: IntegrationId
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
  /** The application token it was made with; null where the dialect does not show that, or for a person's. */
  application: number | null
  createdAt: Date
  updatedAt: Date
}

const stateNames = Object.entries(subscriptionState) as [SubscriptionState, number][]

export function stateName(code: number): SubscriptionState {
  const found = findStateName(code)
  if (!found) throw new Error(`unknown subscription state ${code}`)
  return found
}

/** Undefined: of a newer version of this program. */
export function findStateName(code: number): SubscriptionState | undefined {
  return stateNames.find(([, value]) => value === code)?.[0]
}

/** One living subscription of the integration, else undefined. */
export function findSubscription(
  orm: OrmOrTransaction,
  integration: IntegrationId,
  id: SubscriptionId,
): Promise<SubscriptionRecord | undefined> {
  return findSubscriptionInScope(orm, [integration], id)
}

/** A living subscription of any of these integrations, else undefined. */
export async function findSubscriptionInScope(
  orm: OrmOrTransaction,
  integrations: readonly IntegrationId[],
  id: SubscriptionId,
): Promise<SubscriptionRecord | undefined> {
  const [found] = await select(orm, integrations, eq(subscriptions.id, id), 1)
  return found
}

/** Which subscriptions to list: `after` is the id the page follows; `profile` (its stored code) and `audience` narrow it. */
export type SubscriptionsQuery = {
  after: SubscriptionId | undefined
  limit: number
  profile?: number
  /** One that does not say is of facilities. */
  audience?: NonNullable<SubscriptionFilters['audience']>
}

/** One page of the living subscriptions of these integrations, oldest first. */
export function listSubscriptions(
  orm: OrmOrTransaction,
  integrations: readonly IntegrationId[],
  { after, limit, profile, audience }: SubscriptionsQuery,
): Promise<SubscriptionRecord[]> {
  const where = and(
    after === undefined ? undefined : gt(subscriptions.id, after),
    profile === undefined ? undefined : eq(subscriptions.profile, profile),
    audience === undefined
      ? undefined
      : sql`coalesce(${subscriptions.filters} ->> 'audience', 'facility') = ${audience}`,
  )
  return select(orm, integrations, where, limit)
}

async function select(
  orm: OrmOrTransaction,
  integrations: readonly IntegrationId[],
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
    .where(and(inArray(subscriptions.integration, [...integrations]), isNull(subscriptions.deletedAt), where))
    .orderBy(subscriptions.id)
    .limit(limit)
  return rows.map(({ subscriptions: s, revisions: r }) => {
    const {
      deletedAt: _deletedAt,
      changedVersion: _changedVersion,
      pausedAt: _pausedAt,
      pausedMs: _pausedMs,
      ...kept
    } = s
    return { ...kept, state: stateName(s.state), name: r.name, url: r.url, view: r.view }
  })
}

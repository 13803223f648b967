import { and, eq, gt, inArray, isNull, type SQL } from 'drizzle-orm'
import type { OrmOrTransaction } from '../open-database.ts'
import { revisions, subscriptions } from '../schema/index.ts'
import { stateName, type SubscriptionRecord } from './subscription-record.ts'

/** One page of the living subscriptions of these integrations, oldest first; `after` is the id the page follows. */
export function listSubscriptions(
  orm: OrmOrTransaction,
  integrations: readonly number[],
  { after, limit }: { after: number; limit: number },
): Promise<SubscriptionRecord[]> {
  return select(orm, integrations, gt(subscriptions.id, after), limit)
}

/** A living subscription of any of these integrations, else undefined. */
export async function findSubscriptionInScope(
  orm: OrmOrTransaction,
  integrations: readonly number[],
  id: number,
): Promise<SubscriptionRecord | undefined> {
  const [found] = await select(orm, integrations, eq(subscriptions.id, id), 1)
  return found
}

async function select(
  orm: OrmOrTransaction,
  integrations: readonly number[],
  where: SQL,
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
    const { deletedAt: _deletedAt, changedVersion: _changedVersion, ...kept } = s
    return { ...kept, state: stateName(s.state), name: r.name, url: r.url, view: r.view }
  })
}

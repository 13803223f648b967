import type { IntegrationId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { stateName, type SubscriptionRecord } from '../subscriptions/subscription-record.ts'

/** What a page shows of a subscription. */
export type PagedSubscription = Pick<
  SubscriptionRecord,
  'id' | 'integration' | 'name' | 'url' | 'state' | 'filters' | 'application' | 'createdAt' | 'updatedAt'
>

/** `profile` is a stored code; `application` undefined filters nothing. */
export type SubscriptionsPage = {
  integrations: readonly IntegrationId[]
  profile: number
  application: number | undefined
  limit: number
  offset: number
}

type Row = Omit<PagedSubscription, 'state'> & { state: number }

/** One page of living subscriptions of one profile, oldest first, and how many there are in all. */
export async function pageSubscriptions(
  sql: Sql,
  page: SubscriptionsPage,
): Promise<{ total: number; subscriptions: PagedSubscription[] }> {
  const { integrations, profile, application, limit, offset } = page
  const where = sql`
    s.integration = ANY(${[...integrations]}::int[]) AND s.profile = ${profile}::smallint AND s.deleted_at IS NULL
    ${application === undefined ? sql`` : sql`AND s.application = ${application}::int`}`
  const [counted] = await sql<
    { total: number }[]
  >`SELECT count(*)::int AS total FROM subscriptions s WHERE ${where}`
  const rows = await sql<Row[]>`
    SELECT s.id, s.integration, r.name, r.url, s.state, s.filters, s.application, s.created_at AS "createdAt",
      s.updated_at AS "updatedAt"
    FROM subscriptions s JOIN revisions r ON r.subscription = s.id AND r.revision = s.revision
    WHERE ${where} ORDER BY s.id LIMIT ${limit}::int OFFSET ${offset}::bigint`
  const subscriptions = rows.map(({ state, ...row }) => ({ ...row, state: stateName(state) }))
  return { total: counted?.total ?? 0, subscriptions }
}

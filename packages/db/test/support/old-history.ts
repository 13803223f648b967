import type { IntegrationId } from '@waybill/domain'
import type { Sql } from '@waybill/db'

const tables = ['triggers', 'deliveries', 'attempts'] as const
const step = 100_000_000_000

/** Days since 2020-01-01 (UTC), which is what ids begin with. */
export async function today(sql: Sql): Promise<number> {
  const [row] = await sql<
    { day: number }[]
  >`SELECT (now() AT TIME ZONE 'UTC')::date - date '2020-01-01' AS day`
  return row?.day ?? 0
}

/** The `n`-th id of the day. */
export const idOf = (day: number, n = 0): number => day * step + n

/** Makes `count` partitions of each table before the oldest there are, two days wide, and returns their first days. */
export async function makeOldPartitions(sql: Sql, count: number): Promise<number[]> {
  const [row] = await sql<{ oldest: number }[]>`
    SELECT min(split_part(c.relname, '_', 2)::int) AS oldest
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'deliveries'::regclass`
  const days = Array.from({ length: count }, (_, i) => (row?.oldest ?? 0) - 2 * (count - i))
  for (const day of days)
    for (const table of tables)
      await sql.unsafe(
        `CREATE TABLE ${table}_${day}_${day + 2} PARTITION OF ${table}
           FOR VALUES FROM (${idOf(day)}) TO (${idOf(day + 2)})`,
      )
  return days
}

export type OldDelivery = { trigger: number; delivery: number }

/** A trigger and its delivered delivery with one attempt, under the ids given. */
export async function addOld(
  sql: Sql,
  integration: IntegrationId,
  { trigger, delivery }: OldDelivery,
  subscription = 1,
): Promise<OldDelivery> {
  await sql`
    INSERT INTO triggers (id, integration, event_id, duplicate, created_at, data)
    VALUES (${trigger}::bigint, ${integration}::int, 6, false, now(), '{}')`
  await sql`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
      attempts, created_at)
    VALUES (${delivery}::bigint, ${trigger}::bigint, ${integration}::int, ${subscription}::int, 1, 5, 2, 6, 1, 1, now())`
  await sql`
    INSERT INTO attempts (delivery, n, generation, revision) VALUES (${delivery}::bigint, 1, 1, 1)`
  return { trigger, delivery }
}

/** Makes a delivery unsettled again, as one that waits for its paused subscription. */
export async function makeDue(sql: Sql, delivery: number, subscription = 1): Promise<void> {
  await sql`
    INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
    VALUES (${delivery}::bigint, ${subscription}::int, now(), now(), 0, 1)`
}

/** The first days of the partitions that are left of each table, of those given. */
export async function leftOf(sql: Sql, days: readonly number[]): Promise<Record<string, number[]>> {
  const rows = await sql<{ name: string; day: number }[]>`
    SELECT parent.relname AS name, split_part(part.relname, '_', 2)::int AS day
    FROM pg_inherits i JOIN pg_class part ON part.oid = i.inhrelid JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE parent.relkind = 'p' ORDER BY 2`
  return Object.fromEntries(
    tables.map((table) => [
      table,
      rows.filter((row) => row.name === table && days.includes(row.day)).map((row) => row.day),
    ]),
  )
}

import type { Sql } from '@waybill/db'
import { publicIds, type Subscribed } from './fault-stack.ts'
import { asDeliveryId } from '@waybill/domain'

const tables = ['triggers', 'deliveries', 'attempts'] as const
const day = 100_000_000_000

export type OldHistory = {
  /** First days of the partitions that were made, two days wide. */
  days: number[]
  /** Public ids of deliveries that are not settled. */
  unsettled: string[]
  /** The partition of triggers that a batch in quarantine needs. */
  quarantined: number
}

export type OldHistoryOptions = {
  /** Partitions of each table. */
  count: number
  /** The oldest day of those made before this. */
  before?: number
  /** Settled triggers, deliveries and attempts in each partition. */
  settled: number
  /** In every fourth partition so many deliveries are due for this subscription. */
  unsettled: number
  subscription: Subscribed
}

/**
 * Makes partitions that are older than history is kept, with copies of a trigger that was delivered to this subscription:
 * settled ones, some that are still due, and in the last partition a batch in quarantine.
 */
export async function seedOldHistory(sql: Sql, options: OldHistoryOptions): Promise<OldHistory> {
  const { count, settled, unsettled, subscription } = options
  const youngest = options.before ?? (await oldestDay(sql)) - 60
  const days = Array.from({ length: count }, (_, i) => youngest - 2 * (i + 1))
  const due: string[] = []
  for (const [i, first] of days.entries()) {
    await makePartitions(sql, first)
    await copyDelivered(sql, first * day + 1_000, settled, subscription, 2)
    if (unsettled === 0 || i % 4 !== 0) continue
    await copyDelivered(sql, first * day + 500_000, unsettled, subscription, 1)
    due.push(...(await makeDue(sql, first * day + 500_000, unsettled, subscription)))
  }
  const quarantined = days.at(-1) ?? 0
  if (unsettled > 0) await quarantine(sql, quarantined * day + 1_000)
  return { days, unsettled: due, quarantined }
}

async function oldestDay(sql: Sql): Promise<number> {
  const [row] = await sql<{ oldest: number }[]>`
    SELECT min(split_part(c.relname, '_', 2)::int) AS oldest
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'deliveries'::regclass`
  return row?.oldest ?? 0
}

/** Built beside their parents and attached, which does not wait for writers. */
async function makePartitions(sql: Sql, first: number): Promise<void> {
  for (const table of tables) {
    const name = `${table}_${first}_${first + 2}`
    await sql.unsafe(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)`)
    await sql.unsafe(
      `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${first * day}) TO (${(first + 2) * day})`,
    )
  }
}

/** `n` copies of one trigger, its delivery and, of settled ones, its attempt; ids from `id` on. */
async function copyDelivered(sql: Sql, id: number, n: number, { id: to }: Subscribed, status: number) {
  await sql`
    INSERT INTO triggers SELECT (jsonb_populate_record(t, jsonb_build_object('id', ${id}::bigint + i, 'order_id', 'old-' || i))).*
    FROM triggers AS t, generate_series(1, ${n}::int) AS i
    WHERE t.id = (SELECT trigger FROM deliveries WHERE subscription = ${to}::int AND status = 2 LIMIT 1)`
  await sql`
    INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object(
      'id', ${id}::bigint + i, 'trigger', ${id}::bigint + i, 'status', ${status}::int,
      'attempts', CASE WHEN ${status}::int = 2 THEN 1 ELSE 0 END, 'last_sent_at', NULL))).*
    FROM deliveries AS d, generate_series(1, ${n}::int) AS i
    WHERE d.id = (SELECT id FROM deliveries WHERE subscription = ${to}::int AND status = 2 LIMIT 1)`
  if (status !== 2) return
  await sql`
    INSERT INTO attempts SELECT (jsonb_populate_record(a, jsonb_build_object('delivery', ${id}::bigint + i))).*
    FROM attempts AS a, generate_series(1, ${n}::int) AS i
    WHERE (a.delivery, a.n) = (SELECT delivery, n FROM attempts LIMIT 1)`
}

async function makeDue(sql: Sql, id: number, n: number, { id: to }: Subscribed): Promise<string[]> {
  const rows = await sql<{ delivery: number }[]>`
    INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
    SELECT id, subscription, now(), now() + interval '1 hour', 0, generation FROM deliveries
    WHERE id > ${id}::bigint AND id <= ${id}::bigint + ${n}::int RETURNING delivery`
  await sql`
    INSERT INTO lanes (subscription, next_due_at) VALUES (${to}::int, now())
    ON CONFLICT (subscription) DO UPDATE SET next_due_at = now()`
  return rows.map(({ delivery }) => publicIds.encode('delivery', asDeliveryId(delivery)))
}

/** A batch that a person has to look at; its triggers must stay for that. */
const quarantine = (sql: Sql, trigger: number) => sql`
  INSERT INTO batches (id, first_trigger, n, v, bulk, created_at, runs, quarantined_at)
  VALUES (${trigger + 1}::bigint, ${trigger + 1}::bigint, 1, 1, false, now(), 8, now())`

/** Rows of the small tables that are as old as may be: these go some thousands at a time. */
export async function seedOldRows(sql: Sql, n: number): Promise<void> {
  await sql`
    INSERT INTO accept_keys (integration, kind, key, body_hash, trigger, created_at)
    SELECT 12, 1, sha256(i::text::bytea), sha256(i::text::bytea), i, now() - interval '90 days' FROM generate_series(1, ${n}::int) AS i`
  await sql`
    INSERT INTO audit_log (actor, action, target, details, at)
    SELECT 'faults', 'delivery.redelivered', i::text, '{}', now() - interval '90 days' FROM generate_series(1, ${n}::int) AS i`
}

/** Notes how many rows every statement deletes from the small tables. */
export async function countDeletes(sql: Sql): Promise<void> {
  await sql.unsafe(`
    CREATE TABLE fault_deletes (name text, n int);
    CREATE FUNCTION fault_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO fault_deletes SELECT TG_TABLE_NAME, count(*) FROM gone HAVING count(*) > 0;
      RETURN NULL;
    END $$`)
  for (const table of ['accept_keys', 'notices', 'audit_log', 'sessions', 'secrets', 'revisions'])
    await sql.unsafe(`CREATE TRIGGER fault_count AFTER DELETE ON ${table}
      REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION fault_count()`)
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { databaseHealth, ensurePartitions, migrateDatabase } from '@waybill/db'
import * as schema from '../src/schema/index.ts'
import { openFixture, type Fixture } from './support/fixture.ts'

const tables = Object.values(schema)
  .filter((value) => is(value, PgTable))
  .map((table) => getTableConfig(table))

describe('the migrated database', () => {
  let f: Fixture
  beforeAll(async () => (f = await openFixture()))
  afterAll(() => f.close())

  it('has the tables of the schema and no others', async () => {
    const rows = await f.sql<{ name: string }[]>`
      SELECT relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition ORDER BY relname`
    expect(rows.map((row) => row.name)).toEqual(tables.map((table) => table.name).sort())
  })

  it.each(tables)('has $name as its Drizzle table says', async ({ name, columns, indexes }) => {
    const found = await f.sql<{ name: string; type: string; required: boolean }[]>`
      SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required
      FROM pg_attribute WHERE attrelid = ${name}::regclass AND attnum > 0 AND NOT attisdropped`
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
    expect([...found].sort(byName)).toEqual(
      columns
        .map((column) => ({ name: column.name, type: column.getSQLType(), required: column.notNull }))
        .sort(byName),
    )
    const built = await f.sql<{ name: string }[]>`
      SELECT i.relname AS name FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
      WHERE x.indrelid = ${name}::regclass AND NOT x.indisprimary`
    const names = built.map((row) => row.name)
    for (const index of indexes) expect(names).toContain(index.config.name)
  })

  it.each(['triggers', 'deliveries', 'attempts'])('has %s partitioned for a week ahead', async (name) => {
    const [row] = await f.sql<{ n: number; sample: string }[]>`
      SELECT count(*)::int AS n, min(pg_get_expr(c.relpartbound, c.oid)) AS sample
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = ${name}::regclass`
    expect(row?.n).toBeGreaterThanOrEqual(4)
    expect(row?.sample).toMatch(/^FOR VALUES FROM \('\d+'\) TO \('\d+'\)$/)
  })

  it('makes partitions once, also when several ask at the same time', async () => {
    const made = await Promise.all([9, 9, 9].map((days) => ensurePartitions(f.sql, days)))
    expect(made.filter((n) => n > 0)).toHaveLength(1)
    expect((await databaseHealth(f.sql)).partitionDaysAhead).toBeGreaterThanOrEqual(9)
  })

  it('says that no day is left when one of the tables has no partition', async () => {
    await f.sql
      .begin(async (tx) => {
        const partitions = await tx<{ name: string }[]>`
          SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'attempts'::regclass`
        for (const { name } of partitions) await tx`DROP TABLE ${tx(name)}`
        expect((await databaseHealth(tx)).partitionDaysAhead).toBeLessThan(0)
        throw new Error('roll back')
      })
      .catch((error: unknown) => expect(String(error)).toContain('roll back'))
  })

  it('keeps the width of its last partitions when retention changes it', async () => {
    await f.sql`UPDATE retention SET partition_days = 3`
    await ensurePartitions(f.sql, 20)
    const rows = await f.sql<{ low: string; high: string }[]>`
      SELECT split_part(relname, '_', 2) AS low, split_part(relname, '_', 3) AS high
      FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'triggers_%' ORDER BY 1`
    rows.slice(1).forEach((row, i) => expect(row.low).toBe(rows[i]?.high))
  })

  it('counts in numbers of the day, a thousand apart, below 2^53', async () => {
    const rows = await f.sql<{ number: number; day: number }[]>`
      SELECT number(), (now() AT TIME ZONE 'UTC')::date - date '2020-01-01' AS day FROM generate_series(1, 3)`
    const numbers = rows.map((row) => row.number)
    expect(numbers[1]).toBe((numbers[0] ?? 0) + 1_000)
    expect(Math.floor((numbers[0] ?? 0) / 1e11)).toBe(rows[0]?.day)
    expect(Number.isSafeInteger(numbers[2])).toBe(true)
  })

  it('gives no number twice after the sequence was set back, as in a copy restored', async () => {
    const take = async () => (await f.sql<{ number: number }[]>`SELECT number()`)[0]?.number ?? 0
    const [row] = await f.sql<{ earlier: string }[]>`
      SELECT setval('number_block', (SELECT last_value FROM number_block) - 5000)::text AS earlier`
    const before = await take()
    // The clock goes on between a number and a copy without it.
    await f.sql`SELECT pg_sleep(0.02)`
    await f.sql`SELECT setval('number_block', ${row?.earlier ?? ''}::bigint)`
    const after = await Promise.all(Array.from({ length: 40 }, take))
    expect(new Set(after).size).toBe(40)
    expect(Math.min(...after)).toBeGreaterThan(before)
  })

  it('returns from days that only a wrong clock has seen', async () => {
    await f.sql`SELECT setval('number_block', (SELECT last_value FROM number_block) + 30 * 100000000::bigint)`
    const [row] = await f.sql<{ days: number }[]>`
      SELECT (number() / 100000000000 - ((now() AT TIME ZONE 'UTC')::date - date '2020-01-01'))::int AS days`
    expect(row?.days).toBe(0)
  })

  it('gives out no number again that was stored while the clock was wrong', async () => {
    await f.sql`SELECT setval('number_block', (SELECT last_value FROM number_block) + 3 * 100000000::bigint)`
    const first = await f.sql<{ number: number }[]>`SELECT last_value * 1000 AS number FROM number_block`
    const highest = first[0]?.number ?? 0
    await f.sql`
      INSERT INTO batches (id, first_trigger, n, v) VALUES (${highest}::bigint, ${highest}::bigint, 1, 1)`
    const take = async () => (await f.sql<{ number: number }[]>`SELECT number()`)[0]?.number ?? 0
    const taken = await Promise.all(Array.from({ length: 40 }, take))
    expect(new Set(taken).size).toBe(40)
    expect(Math.min(...taken)).toBeGreaterThan(highest)
    await f.sql`DELETE FROM batches WHERE id = ${highest}::bigint`
  })

  it('is migrated by four processes at once and again without harm', async () => {
    await Promise.all([1, 2, 3, 4].map(() => migrateDatabase(f.url)))
    expect((await databaseHealth(f.sql)).migrated).toBe(true)
  })
})

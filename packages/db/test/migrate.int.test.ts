import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { migrateDatabase } from '@waybill/db'
import { eventually, writeMigrations } from '@waybill/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFixture, type Fixture } from './support/fixture.ts'

const next = '\n--> statement-breakpoint\n'
const onDeliveries =
  'CREATE INDEX CONCURRENTLY "deliveries_err" ON "deliveries" USING btree ("err") WHERE err IS NOT NULL;'

describe('migrating while the database is in use', () => {
  let f: Fixture
  let folder: string
  beforeEach(async () => {
    f = await openFixture()
    folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  })
  afterEach(async () => {
    await f.close()
    await rm(folder, { recursive: true })
  })

  const said: string[] = []
  const migrate = async (...texts: string[]) => {
    await writeMigrations(folder, texts)
    await migrateDatabase(f.url, { migrationsFolder: folder, log: (text) => said.push(text) })
  }
  const columns = async (table: string) => {
    const rows = await f.sql<{ name: string }[]>`
      SELECT attname AS name FROM pg_attribute WHERE attrelid = ${table}::regclass AND attnum > 0 AND NOT attisdropped`
    return rows.map((row) => row.name)
  }
  /** One row a partition and one for the parent: whether it has the index, and it is valid. */
  const validOn = async (name: string) => {
    const rows = await f.sql<{ valid: boolean }[]>`
      SELECT coalesce(bool_or(x.indisvalid), false) AS valid
      FROM (SELECT 'deliveries'::regclass AS id UNION ALL
        SELECT inhrelid FROM pg_inherits WHERE inhparent = 'deliveries'::regclass) AS t
      LEFT JOIN pg_index x ON x.indrelid = t.id AND (x.indexrelid = to_regclass(${name}) OR x.indexrelid IN
        (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass(${name})))
      GROUP BY t.id`
    return rows.map((row) => row.valid)
  }
  const partitions = async () =>
    (await f.sql`SELECT FROM pg_inherits WHERE inhparent = 'deliveries'::regclass`).length
  const whole = async () => Array.from({ length: (await partitions()) + 1 }, () => true)

  it('builds an index on every partition, and takes up what an earlier run left half built', async () => {
    await f.sql.unsafe(
      onDeliveries.replace('CONCURRENTLY', '').replace('ON "deliveries"', 'ON ONLY "deliveries"'),
    )
    const [first] = await f.sql<{ name: string }[]>`
      SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'deliveries'::regclass LIMIT 1`
    const child = `${first?.name}_err`
    await f.sql.unsafe(`CREATE INDEX ${child} ON ${first?.name} (err)`)
    await f.sql`UPDATE pg_index SET indisvalid = false WHERE indexrelid = ${child}::regclass`
    await migrate(onDeliveries)
    expect(await validOn('deliveries_err')).toEqual(await whole())
    const [built] = await f.sql<{ text: string }[]>`SELECT pg_get_indexdef(${child}::regclass) AS text`
    expect(built?.text).toContain('WHERE (err IS NOT NULL)')
  })

  it('lets partitions made meanwhile and later have the index too', async () => {
    await migrate(onDeliveries)
    const before = await partitions()
    await f.sql`SELECT ensure_partitions(30)`
    expect(await partitions()).toBeGreaterThan(before)
    expect(await validOn('deliveries_err')).toEqual(await whole())
  })

  it('gives way to a session that holds a lock, and comes again', async () => {
    said.length = 0
    let migrating: Promise<void> | undefined
    await f.sql.begin(async (tx) => {
      await tx`SELECT 1 FROM lanes`
      migrating = migrate('ALTER TABLE lanes ADD COLUMN later text')
      await eventually(() => said.some((text) => text.includes('lock')))
    })
    await migrating
    expect(await columns('lanes')).toContain('later')
  })

  it('rolls a failed migration back, and a run with it mended goes on from there', async () => {
    const start = `ALTER TABLE lanes ADD COLUMN early text${next}${onDeliveries}${next}`
    const half = `ALTER TABLE lanes ADD COLUMN half text${next}`
    await expect(migrate(`${start}${half}ALTER TABLE nowhere ADD COLUMN x text`)).rejects.toThrow('nowhere')
    expect(await columns('lanes')).toEqual(expect.arrayContaining(['early']))
    expect(await columns('lanes')).not.toContain('half')
    await migrate(`${start}${half}ALTER TABLE due ADD COLUMN x text`)
    expect(await columns('lanes')).toEqual(expect.arrayContaining(['early', 'half']))
    expect(await columns('due')).toContain('x')
    const kept = await f.sql`SELECT FROM drizzle.waybill_progress`
    expect(kept).toHaveLength(0)
  })

  it('carries out a statement in steps until no row is left', async () => {
    await f.sql`INSERT INTO integrations (id, name) SELECT n, 'n' || n FROM generate_series(1000, 1024) AS n`
    await migrate(
      `ALTER TABLE integrations ADD COLUMN note text${next}-- in steps\nUPDATE integrations SET note = name
        WHERE id IN (SELECT id FROM integrations WHERE note IS NULL LIMIT 10)`,
    )
    const [row] = await f.sql<{ left: number; writes: number }[]>`
      SELECT count(*) FILTER (WHERE note IS NULL)::int AS left, count(DISTINCT xmin::text)::int AS writes FROM integrations`
    expect(row).toEqual({ left: 0, writes: 3 })
  })

  it('comes to an end of the steps although others go on writing what matches', async () => {
    // Each step makes a row that the next one would find.
    const more = 'INSERT INTO notes (at) SELECT clock_timestamp() FROM changed LIMIT 1 RETURNING 1'
    await migrate(
      `CREATE TABLE notes (at timestamptz, seen boolean); INSERT INTO notes VALUES (now())${next}-- in steps
        WITH changed AS (UPDATE notes SET seen = true
          WHERE seen IS NULL AND at < current_setting('waybill.stage_began')::timestamptz RETURNING 1) ${more}`,
    )
    expect(await f.sql`SELECT FROM notes WHERE seen IS NULL`).toHaveLength(1)
  })

  it('says what it cannot read', async () => {
    await expect(migrate('DROP INDEX CONCURRENTLY "due_lane"')).rejects.toThrow('CONCURRENTLY is understood')
  })
})

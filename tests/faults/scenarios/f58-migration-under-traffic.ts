import { join } from 'node:path'
import { migrateDatabase } from '@waybill/db'
import { writeMigrations } from '@waybill/testing'
import postgres from 'postgres'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { lasts, startEveryLoad, usualStack } from '../support/start-load.ts'
import { startReading } from '../support/start-reading.ts'

/** Deliveries that are there already: an index on them takes a while. */
const history = 100_000
const longestBurstMs = 1_000
/** How long a report keeps its lock on the table that is to be changed. */
const reportMs = 3_000

const statements = (...all: string[]) => all.join('\n--> statement-breakpoint\n')

const expand = [
  'ALTER TABLE "deliveries" ADD COLUMN "fault_note" text; ALTER TABLE "triggers" ADD COLUMN "fault_note" text;',
  'ALTER TABLE "lanes" ADD COLUMN "fault_note" text;',
  'CREATE INDEX CONCURRENTLY "deliveries_fault_note" ON "deliveries" USING btree ("integration","fault_note","id");',
  'CREATE INDEX CONCURRENTLY "due_fault" ON "due" USING btree ("expires_at");',
  `-- in steps
  UPDATE deliveries SET fault_note = 'filled' WHERE (id, integration) IN
    (SELECT id, integration FROM deliveries WHERE fault_note IS NULL AND last_code = 299 ORDER BY id LIMIT 5000)`,
]
const contract = [
  'DROP INDEX "deliveries_fault_note"; DROP INDEX "due_fault";',
  'ALTER TABLE "deliveries" DROP COLUMN "fault_note"; ALTER TABLE "triggers" DROP COLUMN "fault_note";',
]
const half = 'CREATE TABLE "fault_half" ("id" int)'

export const scenario: Scenario = {
  id: 'F58',
  title: 'migrations under traffic, one of which fails',
  backends: bothBackends,
  run: async (context) => {
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl })
    const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} })
    context.cleanUp(() => sql.end({ timeout: 1 }))
    await seed(sql)
    const load = startEveryLoad(stack)
    const reading = startReading(stack, '/v1/deliveries?limit=50')
    await lasts(1_000)
    const report = sql.begin(async (tx) => {
      await tx`SELECT count(*) FROM deliveries`
      await lasts(reportMs)
    })
    const migrate = migrator(context, databaseUrl)
    const failure = await migrate(statements(...expand, half, 'SELECT 1 / 0')).catch(String)
    const [rolledBack] = await sql`SELECT to_regclass('fault_half') IS NULL AS so`
    await report
    await migrate(statements(...expand, half))
    const filled = await sql`SELECT FROM deliveries WHERE fault_note = 'filled'`
    const [index] =
      await sql`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'deliveries_fault_note'::regclass`
    await migrate(statements(...expand, half), statements(...contract))
    await lasts(1_000)
    await Promise.all([load.stop(), reading.stop()])
    const finding = await judge(stack, { calls: { unavailable: true }, skip: ['C11'] })
    const told = (name: string, calls: readonly { status: number; at: number }[]) => {
      const bad = calls.filter(({ status }) => status >= 500 || status === 0)
      const burst = longestBurst(bad.map(({ at }) => at))
      finding.notes.push(`${name}: ${bad.length} of ${calls.length} refused, at most ${burst} ms in a row`)
      mustHold(finding, burst <= longestBurstMs, `F58 ${name} refused for ${burst} ms`)
    }
    told('calls', stack.client.calls)
    told('lists', reading.calls)
    mustHold(
      finding,
      String(failure).includes('division by zero'),
      `F58 ${String(failure)} instead of a failure`,
    )
    mustHold(finding, rolledBack?.['so'] === true, 'F58 a failed migration left a table behind')
    mustHold(finding, filled.length === history, `F58 ${filled.length} of ${history} rows were filled`)
    mustHold(finding, index?.['valid'] === true, 'F58 the index is not valid')
    return finding
  },
}

function migrator(context: FaultContext, databaseUrl: string) {
  const migrationsFolder = join(context.folder, 'migrations')
  return async (...texts: string[]) => {
    await writeMigrations(migrationsFolder, texts)
    await migrateDatabase(databaseUrl, { migrationsFolder, log: context.log })
  }
}

/**
 * Delivered long ago, by the looks of it. Of no trigger, so that the checks leave them out; with numbers below those of the
 * day's traffic, so that a list of the newest does not have to walk through them.
 */
async function seed(sql: postgres.Sql): Promise<void> {
  await sql`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
      attempts, last_code, created_at, last_sent_at)
    SELECT ((now() AT TIME ZONE 'UTC')::date - date '2020-01-01')::bigint * 100000000000 + n, 1, 12, 1, 1, 5, 2, 6, 1, 1, 299, now(), now()
    FROM generate_series(1, ${history}) AS n`
}

/** The longest time from one refusal to the last of those that follow it within half a second, ms. */
function longestBurst(times: readonly number[]): number {
  let longest = 0
  let first = Number.NEGATIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const at of times.toSorted((a, b) => a - b)) {
    if (at - last > 500) first = at
    last = at
    longest = Math.max(longest, last - first)
  }
  return longest
}

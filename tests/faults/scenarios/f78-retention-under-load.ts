import { eventually } from '@waybill/testing'
import postgres from 'postgres'
import type { FleetProcess } from '../support/fault-fleet.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { healthyP99 } from '../support/healthy-p99.ts'
import { judge, mustHold, type Finding } from '../support/judge.ts'
import { quiesce } from '../support/quiesce.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { countDeletes, seedOldHistory, seedOldRows, type OldHistory } from '../support/seed-old-history.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'
import { lookEveryMs, watchWaits, type WaitWatch } from '../support/watch-waits.ts'

const oldRows = 40_000
const mostDeleted = 5_000
const mostWaitedMs = 100
const seed = { settled: 150, unsettled: 25 }

/** Counts that must be 0 whenever they are looked at. */
const invariants = {
  'due without its delivery': `SELECT count(*)::int AS n FROM due u WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.id = u.delivery)`,
  'due without its trigger': `SELECT count(*)::int AS n FROM due u JOIN deliveries d ON d.id = u.delivery
    WHERE NOT EXISTS (SELECT FROM triggers t WHERE t.id = d.trigger)`,
  'in quarantine without its trigger': `SELECT count(*)::int AS n FROM batches b WHERE quarantined_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM triggers t WHERE t.id = b.first_trigger)`,
}

/** The old partitions that are left, each as `table_day`. */
async function partitionsLeft({ database: { sql } }: FaultStack, days: readonly number[]): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT split_part(relname, '_', 1) || '_' || split_part(relname, '_', 2) AS name FROM pg_class
    WHERE relkind = 'r' AND relname ~ '^(triggers|deliveries|attempts)_[0-9]+_[0-9]+$'
      AND split_part(relname, '_', 2) = ANY(${days.map(String)}::text[]) ORDER BY 1`
  return rows.map(({ name }) => name)
}

/** A reader that has looked into every partition and stays: nothing it saw can be dropped before it goes. */
async function longReader(context: FaultContext, databaseUrl: string, ms: number): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  context.cleanUp(() => sql.end({ timeout: 1 }))
  await sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    await tx`SELECT count(*) FROM deliveries`
    await tx`SELECT count(*) FROM triggers`
    await lasts(ms)
  })
}

/** One stack that has delivered something, with a subscription that is paused before its backlog is made. */
async function openStack(context: FaultContext) {
  const databaseUrl = await context.database()
  const stack = await usualStack(context, { databaseUrl })
  const old = await stack.subscribe('/old')
  await stack.client.post(5)
  await quiesce(stack.database.sql)
  const set = async (state: string) => {
    const answer = await stack.call('PATCH', `/v1/subscriptions/${old.uuid}`, { state })
    if (!answer.ok) throw new Error(`the subscription was not made ${state}`)
  }
  await set('paused')
  return { context, databaseUrl, stack, old, resume: () => set('active') }
}

type Opened = Awaited<ReturnType<typeof openStack>>

type Seen = {
  /** p99 of the healthy paths before and while history goes, ms. */
  baseline: number
  disturbed: number
  /** Old partitions that stayed while what is in them was due, and beside the reader. */
  heldBack: number
  besideReader: number
  remover: FleetProcess
  kept: string[]
  left: string[]
}

/** Traffic first alone, then with a worker that does nothing but remove history, then also with a reader that stays. */
async function disturb(
  { context, databaseUrl, stack, old, resume }: Opened,
  first: OldHistory,
): Promise<Seen> {
  const isHealthy = (path: string) => path !== old.path
  const load = startLoad(stack, { rate: 40 })
  await lasts(3_000)
  const calmSince = Date.now()
  await lasts(8_000)
  const baseline = await healthyP99(stack, calmSince, isHealthy)

  const remover = await stack.startWorker({ env: { RETENTION_MS: '100' } })
  const since = Date.now()
  await lasts(6_000)
  const heldBack = await partitionsLeft(stack, first.days)
  await resume()
  await lasts(6_000)
  const disturbed = await healthyP99(stack, since, isHealthy)

  const reading = longReader(context, databaseUrl, 25_000)
  await lasts(1_000)
  const before = Math.min(...first.days)
  const second = await seedOldHistory(stack.database.sql, {
    ...seed,
    subscription: old,
    count: 4,
    unsettled: 0,
    before,
  })
  await reading
  const besideReader = await partitionsLeft(stack, second.days)
  await load.stop()
  const kept = [`triggers_${first.quarantined}`]
  const left = () => partitionsLeft(stack, [...first.days, ...second.days])
  await eventually(async () => (await left()).join() === kept.join(), { timeoutMs: 60_000 }).catch(
    () => undefined,
  )
  return {
    baseline,
    disturbed,
    heldBack: heldBack.length,
    besideReader: besideReader.length,
    remover,
    kept,
    left: await left(),
  }
}

function checkSeen(finding: Finding, seen: Seen): void {
  const { baseline, disturbed, heldBack, besideReader, kept, left } = seen
  const said = (event: string) => seen.remover.lines.filter(({ text }) => text.includes(event)).length
  const runs = said('retention.blocked')
  finding.notes.push(
    `p99 of the healthy: ${Math.round(baseline)} ms, while history goes ${Math.round(disturbed)} ms`,
    `${heldBack} old partitions stayed while their deliveries were due (said ${runs} times), ` +
      `${besideReader} beside the reader, which retention waited for ${said('retention.failed')} times in vain`,
  )
  mustHold(finding, runs >= 5, `F78 retention ran only ${runs} times beside the backlog`)
  mustHold(finding, heldBack > 0, 'F78 nothing had to stay: the backlog was not old')
  mustHold(finding, besideReader > 0, 'F78 the reader held nothing back')
  mustHold(finding, left.join() === kept.join(), `F78 left at the end: ${left.join()}`)
  mustHold(finding, disturbed <= baseline * 2 + 25, `I6 p99 rose from ${baseline} to ${disturbed} ms`)
}

function checkWaits(finding: Finding, watch: WaitWatch): void {
  const longest = Math.round(watch.longestMs())
  finding.notes.push(`longest wait for retention in ${watch.looks()} looks: ${longest} ms ${watch.what()}`)
  for (const what of watch.broken()) mustHold(finding, false, `F78 ${what}`)
  // A wait may be a look longer than what was seen of it.
  mustHold(
    finding,
    longest + lookEveryMs <= mostWaitedMs,
    `F78 somebody waited ${longest} ms for retention: ${watch.what()}`,
  )
}

async function checkDeletes(finding: Finding, { sql }: FaultStack['database']): Promise<void> {
  const deletes = await sql<{ name: string; rows: number; most: number }[]>`
    SELECT name, sum(n)::int AS rows, max(n)::int AS most FROM fault_deletes GROUP BY 1 ORDER BY 1`
  finding.notes.push(
    `deleted ${deletes.map(({ name, rows, most }) => `${rows} of ${name}, at most ${most} at once`).join('; ')}`,
  )
  mustHold(finding, deletes.length >= 2, 'F78 no old rows were deleted')
  for (const { name, rows, most } of deletes) {
    mustHold(finding, most <= mostDeleted, `F78 ${most} rows of ${name} were deleted at once`)
    mustHold(finding, rows === oldRows, `F78 ${rows} of ${oldRows} old rows of ${name} were deleted`)
  }
}

/** Their deliveries are gone by now, so that the ledgers know them from here only: each must have arrived once. */
function checkBacklog(
  finding: { failures: string[] },
  { unsettled }: OldHistory,
  arrived: readonly string[],
): void {
  const times = new Map<string, number>()
  for (const id of arrived) times.set(id, (times.get(id) ?? 0) + 1)
  const wrong = unsettled.filter((id) => times.get(id) !== 1)
  if (wrong.length > 0)
    finding.failures.push(`F78 ${wrong.length} of ${unsettled.length} old deliveries did not arrive once`)
  const ghosts = new RegExp(`^I3 received, known to nobody: ${unsettled.length},`)
  finding.failures = finding.failures.filter((text) => !ghosts.test(text))
}

export const scenario: Scenario = {
  id: 'F78',
  title: 'old history removed in a loop while traffic and an old backlog are delivered, beside a long reader',
  backends: bothBackends,
  run: async (context) => {
    const opened = await openStack(context)
    const { databaseUrl, stack, old } = opened
    const first = await seedOldHistory(stack.database.sql, { ...seed, subscription: old, count: 32 })
    await seedOldRows(stack.database.sql, oldRows)
    await countDeletes(stack.database.sql)
    const watch = watchWaits(context, databaseUrl, 'waybill-retention', invariants)
    const seen = await disturb(opened, first)
    const finding = await judge(stack, { untold: first.unsettled.length, audit: ['batch_quarantined'] })
    checkBacklog(
      finding,
      first,
      (await stack.receiver.lines()).map(({ id }) => id),
    )
    checkSeen(finding, seen)
    checkWaits(finding, watch)
    await checkDeletes(finding, stack.database)
    return finding
  },
}

import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Database, Sql } from '@waybill/db'
import { statusByCode, type DeliveryId, type TriggerId } from '@waybill/domain'
import { withDeadline } from '@waybill/runtime'
import type { FleetProcess } from './fault-fleet.ts'
import { publicIds } from './fault-stack.ts'

/** Where runs have a folder each. */
export const ledgersFolder = join(import.meta.dirname, '../../../.waybill/faults')

/** What is read of a stack. */
type Kept = {
  fleet: {
    processes: readonly (Pick<FleetProcess, 'app' | 'pid'> & { lines: readonly { text: string }[] })[]
  }
  database: Pick<Database, 'sql'>
}

/** Rows in memory at once. */
const pageSize = 1_000
const answersWithinMs = 5_000

/**
 * Puts beside ledgers A and R, which are there already, what the processes logged and ledger P. Before the stacks are
 * stopped; a database that is away leaves its ledger out, and `log` says so.
 */
export async function keepLedgers(
  folder: string,
  stacks: readonly Kept[],
  log: (text: string) => void,
): Promise<void> {
  for (const [s, stack] of stacks.entries()) {
    const prefix = join(folder, `${s}-`)
    await writeLogs(stack, prefix).catch((error: unknown) => log(`logs are missing: ${String(error)}`))
    await writeStored(stack.database.sql, prefix).catch((error: unknown) =>
      log(`ledger P is not whole: ${String(error)}`),
    )
  }
}

async function writeLogs({ fleet }: Kept, prefix: string): Promise<void> {
  for (const [i, { app, pid, lines }] of fleet.processes.entries()) {
    const text = lines.map((line) => line.text).join('\n')
    await writeFile(`${prefix}${i}-${app}-${pid}.log`, `${text}\n`)
  }
}

/** Ledger P as of one moment, one line a row: ids, states and times, never what was sent or answered. */
async function writeStored(sql: Sql, prefix: string): Promise<void> {
  await withDeadline(sql`SELECT 1`, answersWithinMs, () => new Error('the database does not answer'))
  await sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    await tx`SET LOCAL statement_timeout = 0`
    await write(
      `${prefix}triggers.jsonl`,
      tx<{ id: TriggerId }[]>`SELECT id, order_id, created_at FROM triggers`.cursor(pageSize),
      (row) => ({ uuid: publicIds.encode('trigger', row.id), ...row }),
    )
    await write(
      `${prefix}deliveries.jsonl`,
      tx<{ id: DeliveryId; status: number }[]>`
        SELECT id, trigger, subscription, generation, status, attempts, last_code, err, created_at, last_sent_at
        FROM deliveries`.cursor(pageSize),
      (row) => ({ uuid: publicIds.encode('delivery', row.id), ...row, status: statusByCode(row.status) }),
    )
    await write(
      `${prefix}attempts.jsonl`,
      tx<object[]>`SELECT delivery, n, generation, code, err, sent_at, ms FROM attempts`.cursor(pageSize),
      (row) => row,
    )
  })
}

async function write<Row>(
  path: string,
  pages: AsyncIterable<Row[]>,
  lineOf: (row: Row) => object,
): Promise<void> {
  const lines = async function* () {
    for await (const rows of pages) yield rows.map((row) => `${JSON.stringify(lineOf(row))}\n`).join('')
  }
  await pipeline(lines, createWriteStream(path))
}

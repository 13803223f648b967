import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Database } from '@waybill/db'
import type { TriggerId } from '@waybill/domain'
import { createTestDatabase, type TestDatabase } from '@waybill/testing'
import { openFaultDatabase, publicIds } from './support/fault-stack.ts'
import { keepLedgers } from './support/keep-ledgers.ts'
import { readLines } from './support/start-fault-receiver.ts'

describe('keepLedgers', () => {
  let clone: TestDatabase
  let database: Database
  let folder: string

  beforeEach(async () => {
    clone = await createTestDatabase()
    database = openFaultDatabase(clone.url)
    folder = await mkdtemp(join(tmpdir(), 'ledgers-'))
  })
  afterEach(async () => {
    await database.close()
    await clone.drop()
    await rm(folder, { recursive: true })
  })

  it('writes every row of ledger P as a line, without what was sent or answered', async () => {
    await storeDelivered(database, 2_500)
    const said: string[] = []
    await keepLedgers(folder, [{ fleet, database }], (text) => said.push(text))
    expect(said).toEqual([])
    const [trigger] = await readLines<{ id: TriggerId; uuid: string }>(join(folder, '0-triggers.jsonl'))
    expect(trigger && publicIds.encode('trigger', trigger.id)).toBe(trigger?.uuid)
    expect(trigger?.uuid).toBeDefined()
    const deliveries = await readLines<{ id: number; uuid: string }>(join(folder, '0-deliveries.jsonl'))
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(2_500)
    expect(deliveries[0]).toMatchObject({ status: 'delivered', attempts: 1, err: null })
    expect(await readLines(join(folder, '0-attempts.jsonl'))).toHaveLength(2_500)
    for (const file of await readdir(folder))
      expect(await readFile(join(folder, file), 'utf8')).not.toContain('payload')
  })

  it('keeps the logs and says what is missing when the database is away', async () => {
    await database.close()
    const said: string[] = []
    await keepLedgers(folder, [{ fleet, database }], (text) => said.push(text))
    expect(said.join()).toContain('ledger P is not whole')
    expect(await readFile(join(folder, '0-0-api-7.log'), 'utf8')).toBe('it said this\n')
  })
})

const fleet = { processes: [{ app: 'api' as const, pid: 7, lines: [{ text: 'it said this' }] }] }

async function storeDelivered({ sql }: Database, n: number): Promise<void> {
  const first = sql`((now() AT TIME ZONE 'UTC')::date - date '2020-01-01')::bigint * 100000000000`
  await sql`
    INSERT INTO triggers (id, integration, event_id, order_id, duplicate, created_at, data)
    SELECT ${first} + i, 12, 1, 'o' || i, false, now(), '{"payload":1}' FROM generate_series(1, ${n}::int) i`
  await sql`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation, attempts, created_at)
    SELECT id, id, 12, 1, 1, 5, 2, 1, 1, 1, now() FROM triggers`
  await sql`
    INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, response_body)
    SELECT id, 1, 1, 1, now(), 5, 200, 'payload' FROM deliveries`
}

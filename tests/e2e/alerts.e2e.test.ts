import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  claimBatch,
  joinWorkers,
  leaveWorkers,
  openDatabase,
  quarantineBatch,
  storeTriggers,
  type Sql,
} from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import {
  createTestDatabase,
  eventually,
  queueBackends,
  testServices,
  type TestDatabase,
  whileLocked,
} from '@waybill/testing'
import { aTriggerBody } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'
import { patient, scrape, watchAlerts } from './support/watch-alerts.ts'

const [backend] = queueBackends()
const yard = asIntegrationId(12)

/** Each fault is a real one, and its alert is read from the /metrics of the real processes. */
describe('the alerts', () => {
  let clone: TestDatabase
  let stack: Stack
  let watch: ReturnType<typeof watchAlerts>

  beforeAll(async () => {
    if (!backend) throw new Error('no queue')
    clone = await createTestDatabase()
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      workerEnv: { AUDIT_MS: '1000', LOG_LEVEL: 'info' },
      apiEnv: { LOG_LEVEL: 'info' },
    })
    await stack.subscribe('/alerts')
    // What a subscription had to match is only certain a while after it has changed.
    await stack.sql`UPDATE subscriptions SET created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'`
    watch = watchAlerts(stack)
  })
  afterAll(async () => {
    await stack.stop()
    await clone.drop()
  })

  const post = () => stack.call('POST', '/v1/triggers', aTriggerBody(1))
  const delivered = (n: number) =>
    eventually(async () => {
      const [row] = await stack.sql<
        { n: number }[]
      >`SELECT count(*)::int AS n FROM deliveries WHERE status = 2`
      return row?.n === n
    }, patient)
  const firing = () => watch.firing()
  const fires = (name: string) => watch.fires(name)
  const falls = (name: string) => watch.falls(name)

  it('are silent while triggers are delivered, and the ledger balances in the metrics', async () => {
    await Promise.all(Array.from({ length: 10 }, post))
    await delivered(10)
    const balanced = async () => {
      const page = Object.values((await scrape(stack)).pages).join('\n')
      return [
        /^waybill_ledger_accepted 10$/m,
        /^waybill_ledger_matched 10$/m,
        /^waybill_ledger_deliveries\{status="delivered"\} 10$/m,
        /^waybill_ledger_missing 0$/m,
      ].every((line) => line.test(page))
    }
    await eventually(balanced, patient)
    expect(await firing()).toEqual([])
  })

  it('tell of a due row that was deleted, until its delivery is redelivered', async () => {
    stack.receiver.setResponder(() => ({ status: 500 }))
    await post()
    const failed = await eventually(async () => {
      const [row] = await stack.sql<{ id: number }[]>`
        SELECT d.id FROM deliveries d JOIN due u ON u.delivery = d.id WHERE d.status = 3`
      return row?.id
    }, patient)
    expect(await firing()).toEqual([])
    // In the middle of a request its outcome would find the row gone and settle nothing.
    await eventually(async () => {
      const gone =
        await stack.sql`DELETE FROM due WHERE delivery = ${failed ?? 0} AND run IS NULL RETURNING 1`
      return gone.length === 1
    }, patient)
    await fires('WaybillLedgerViolated')
    stack.receiver.setResponder(() => ({ status: 200 }))
    const list = (await (await stack.call('GET', '/v1/deliveries?limit=1')).json()) as {
      data: { id: string }[]
    }
    const again = await stack.call('POST', `/v1/deliveries/${list.data[0]?.id ?? ''}/redeliver`)
    expect(again.status).toBe(202)
    await delivered(11)
    await falls('WaybillLedgerViolated')
    expect(await firing()).toEqual([])
  })

  it('tell of a batch that was set aside, until it is given back', async () => {
    await setBatchAside(stack.sql)
    await fires('WaybillBatchesQuarantined')
    expect(await firing()).toEqual(['WaybillBatchesQuarantined'])
    await stack.sql`UPDATE batches SET quarantined_at = NULL, runs = 0`
    await delivered(12)
    await falls('WaybillBatchesQuarantined')
  })

  it('tell of a batch that stays in the hands of a worker that lives', async () => {
    const { fires, falls } = watchAlerts(stack, { WaybillWorkHeld: 2 })
    expect(await falls('WaybillWorkHeld')).toBe(true)
    // Its outcome cannot be written meanwhile.
    await whileLocked(clone.url, 'deliveries', 'SHARE', async () => {
      await post()
      await fires('WaybillWorkHeld')
    })
    await falls('WaybillWorkHeld')
    await delivered(13)
  })

  it('tell of deliveries that are gone, until they are back', async () => {
    await stack.sql`CREATE TABLE gone AS SELECT * FROM deliveries WHERE status = 2 ORDER BY id DESC LIMIT 1`
    await stack.sql`DELETE FROM deliveries WHERE id = (SELECT id FROM gone)`
    await fires('WaybillLedgerUnbalanced')
    await stack.sql`INSERT INTO deliveries SELECT * FROM gone`
    await falls('WaybillLedgerUnbalanced')
    expect(await firing()).not.toContain('WaybillLedgerUnbalanced')
    await falls('WaybillLedgerViolated')
  })

  it('tell of a ledger that nobody can audit', async () => {
    const { fires, falls } = watchAlerts(stack, { WaybillLedgerUnaudited: 3 })
    expect(await falls('WaybillLedgerUnaudited')).toBe(true)
    await whileLocked(clone.url, 'batches', 'ACCESS EXCLUSIVE', () => fires('WaybillLedgerUnaudited'))
    await falls('WaybillLedgerUnaudited')
  })

  it('tell of a database that takes no connections, from both sides, until it does', async () => {
    const { name } = clone
    const elsewhere = openDatabase({
      url: testServices().postgresUrl,
      applicationName: 'waybill-test',
      hotConnections: 1,
      otherConnections: 1,
      statementTimeoutMs: 10_000,
    })
    const allow = (allowed: boolean) =>
      elsewhere.sql.unsafe(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS ${String(allowed)}`)
    try {
      await allow(false)
      await elsewhere.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
      await eventually(async () => {
        const { status } = await post()
        const names = await firing()
        return status === 503 && names.includes('WaybillStorageAway') && names.includes('WaybillApiErrors')
      }, patient)
    } finally {
      await allow(true)
      await elsewhere.close()
    }
    await falls('WaybillStorageAway')
    expect((await post()).status).toBe(202)
  })

  it('tell of accepted triggers in the hands of a dead worker, until another takes over', async () => {
    stack.receiver.setResponder(() => ({ status: 200, delayMs: 4_000 }))
    await post()
    await eventually(
      async () => (await stack.sql`SELECT FROM batches WHERE plan IS NOT NULL`).length > 0,
      patient,
    )
    expect(await firing()).not.toContain('WaybillWorkersGone')
    const [first] = stack.workers.splice(0)
    first?.kill('SIGKILL')
    await first?.exited
    await fires('WaybillWorkersGone')
    stack.receiver.setResponder(() => ({ status: 200 }))
    // One that waits longer than this test before it takes over, so that the batch stays where it is.
    await stack.startWorker({ LEASE_MS: '600000' })
    await falls('WaybillWorkersGone')
    expect(await firing()).not.toContain('WaybillBatchesUnclaimed')
    await stack.sql`UPDATE batches SET created_at = created_at - interval '5 minutes'`
    await fires('WaybillBatchesUnclaimed')
    expect(await firing()).not.toContain('WaybillWorkersDie')
    await stack.startWorker()
    await fires('WaybillWorkersDie')
    await falls('WaybillBatchesUnclaimed')
  }, 180_000)

  it('tell of an api that is gone', async () => {
    expect(await firing()).not.toContain('WaybillApiGone')
    stack.api.kill('SIGKILL')
    await stack.api.exited
    await fires('WaybillApiGone')
  })
})

/** What a worker does with a trigger that ends it again and again; in one transaction, so that no other takes it first. */
async function setBatchAside(sql: Sql): Promise<void> {
  await sql.begin(async (tx) => {
    const worker = await joinWorkers(tx, 'test')
    const { batch } = await storeTriggers(
      tx,
      [
        {
          integration: yard,
          triggers: [
            {
              eventId: 6,
              orderId: '1',
              facilityId: null,
              search: null,
              orderStatus: null,
              occurrence: null,
              data: JSON.stringify(aTriggerBody(1)),
            },
          ],
        },
      ],
      false,
    )
    if (batch === undefined) throw new Error('nothing was stored')
    await claimBatch(tx, batch, worker)
    await quarantineBatch(tx, batch, worker)
    await leaveWorkers(tx, worker)
  })
}

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
  type TestProcess,
} from '@waybill/testing'
import { evaluateRule, samplesOf, type Scrape } from '../support/evaluate-rule.ts'
import { readAlerts } from '../support/read-alerts.ts'
import { aTriggerBody } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'

const alerts = readAlerts()
const [backend] = queueBackends()
const yard = asIntegrationId(12)
const patient = { timeoutMs: 60_000, everyMs: 300 }

/** Each fault is a real one, and its alert is read from the /metrics of the real processes. */
describe('the alerts', () => {
  let clone: TestDatabase
  let stack: Stack
  const scrapes: Scrape[] = []

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
  const firing = async () => {
    scrapes.push(await scrape(stack))
    return alerts.filter(({ rule }) => evaluateRule(rule, scrapes).length > 0).map(({ name }) => name)
  }
  const fires = (name: string) => eventually(async () => (await firing()).includes(name), patient)
  const falls = (name: string) => eventually(async () => !(await firing()).includes(name), patient)

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

  it('could tell of a batch that stays in the hands of a worker that lives', async () => {
    const held = async () =>
      Object.values((await scrape(stack)).pages).flatMap((page) =>
        samplesOf(page, 'waybill_oldest_held_seconds').filter(({ labels }) => labels['kind'] === 'batch'),
      )[0]?.value
    await eventually(async () => (await held()) === 0, patient)
    await stack.sql.begin(async (tx) => {
      // Its outcome cannot be written while this is locked.
      await tx`LOCK TABLE deliveries IN SHARE MODE`
      await post()
      await eventually(async () => ((await held()) ?? 0) > 2, patient)
    })
    await eventually(async () => (await held()) === 0, patient)
    await delivered(13)
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
})

/** As Prometheus does: what does not answer is left out. */
async function scrape({ api, workers }: Pick<Stack, 'api' | 'workers'>): Promise<Scrape> {
  const pages = await Promise.all(
    [api, ...workers].map(async (child): Promise<[string, string] | undefined> => {
      const url = metricsUrlOf(child)
      const page = await fetch(`${url}/metrics`).then(
        (answer) => answer.text(),
        () => undefined,
      )
      return page === undefined ? undefined : [url, page]
    }),
  )
  return { atMs: performance.now(), pages: Object.fromEntries(pages.filter((page) => page !== undefined)) }
}

/** The process says where its metrics are when it starts. */
function metricsUrlOf(child: TestProcess): string {
  const line = child.lines.find(({ text }) => text.includes('metrics.started'))
  return /http:\/\/127\.0\.0\.1:\d+/.exec(line?.text ?? '')?.[0] ?? ''
}

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

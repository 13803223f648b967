import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  asBatchId,
  asIntegrationId,
  createPublicIds,
  type DeliveryId,
  type SubscriptionId,
} from '@waybill/domain'
import { claimBatch, deleteSubscription, deriveMasterKeys, joinWorkers, quarantineBatch } from '@waybill/db'
import { eventually, queueBackends, startProcess } from '@waybill/testing'
import { auditLedger, type LedgerReport } from '../src/audit/audit-ledger.ts'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

const ids = createPublicIds(deriveMasterKeys(Buffer.alloc(32, 3)).publicIds)
const [backend] = queueBackends()

describe('the audit of the ledger', () => {
  let p: Pipeline
  let ledger: SubscriptionId
  beforeAll(async () => {
    if (!backend) throw new Error('no queue')
    p = await openPipeline(backend)
    ledger = (await p.subscribe('/ledger')).id
    // Only subscriptions that have not changed for a while are held against a trigger.
    await p.sql`UPDATE subscriptions SET created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'`
  })
  afterAll(() => p.close())

  const audit = () =>
    auditLedger(
      { sql: () => p.sql, pause: async () => {} },
      { sinceMs: undefined, rows: 1_000, secondLookMs: 1 },
    )
  const kinds = async () => (await audit()).violations.map(({ kind }) => kind)
  const command = async (args: string[], env: Record<string, string> = {}) => {
    const process = startProcess({
      program: 'apps/worker/src/commands/audit-ledger.ts',
      args,
      env: { DATABASE_URL: p.environment().DATABASE_URL, ...env },
    })
    const { code } = await process.exited
    return { code, output: process.lines.map(({ text }) => text).join('\n') }
  }

  it('balances while a worker is at work, and afterwards', async () => {
    p.receiver.setResponder(({ webhookId = '' }) => ({ status: webhookId.endsWith('0') ? 500 : 200 }))
    const accepted = await Promise.all(Array.from({ length: 40 }, () => p.accept(aTrigger(), aTrigger())))
    const before = await audit()
    expect(before.open).toMatchObject({ batches: 40, unplanned: 80 })
    expect(before.violations).toEqual([])
    await p.startWorker()
    const during: LedgerReport[] = []
    await eventually(async () => {
      during.push(await audit())
      return (await p.batches()).length === 0
    })
    expect(during.flatMap((report) => report.violations)).toEqual([])
    const { balance, open } = await audit()
    expect(open.batches).toBe(0)
    expect(balance).toMatchObject({ accepted: accepted.length * 2, matched: 80, missing: 0 })
    const { delivered, failed, pending } = balance.deliveries
    expect(delivered + failed + pending).toBe(80)
    p.receiver.setResponder(() => ({ status: 200 }))
  })

  it('says by exit code that the ledger is whole, and prints the equation', async () => {
    const { code, output } = await command(['--since', '24h'])
    expect(output).toMatch(/accepted {2}80 triggers/)
    expect(output).toMatch(/matched {3}80 deliveries =/)
    expect(output).toMatch(/The ledger is whole\.$/)
    expect(code).toBe(0)
  })

  it('misses a delivery that a trigger had to make, once no batch holds the trigger', async () => {
    const other = await p.subscribe('/other')
    const trigger = await p.accept(aTrigger())
    const lost = await p.settled(trigger)
    expect(new Set(lost.map((one) => one.subscription))).toEqual(new Set([ledger, other.id]))
    expect(await kinds()).toEqual([])
    await p.sql`DELETE FROM deliveries WHERE trigger = ${trigger}`
    // Nothing can be said of the other subscription, which is as young as the trigger.
    const { violations, balance } = await audit()
    expect(violations).toMatchObject([{ kind: 'matched_but_missing', id: trigger, subscription: ledger }])
    expect(balance.missing).toBe(1)
    await p.sql`DELETE FROM triggers WHERE id = ${trigger}`
    await deleteSubscription(p.orm, 'test', asIntegrationId(12), other.id)
    expect(await kinds()).toEqual([])
  })

  it('drops what has passed when it looks again', async () => {
    const healed =
      (await p.sql<{ id: DeliveryId }[]>`SELECT id FROM deliveries WHERE status = 2 LIMIT 1`)[0]?.id ?? 0
    await p.sql`UPDATE deliveries SET attempts = attempts + 1 WHERE id = ${healed}`
    const heal = async () =>
      void (await p.sql`UPDATE deliveries SET attempts = attempts - 1 WHERE id = ${healed}`)
    const report = await auditLedger(
      { sql: () => p.sql, pause: heal },
      { sinceMs: undefined, rows: 1_000, secondLookMs: 1 },
    )
    expect(report.violations).toEqual([])
  })

  it('lists what is stuck and why, by public id, with exit code 1', async () => {
    p.receiver.setResponder(() => ({ status: 500 }))
    const trigger = await p.accept(aTrigger())
    const [failing] = await p.settled(trigger, ({ status }) => status === 3)
    await p.sql`DELETE FROM due WHERE delivery = ${failing.id}`
    const worker = await joinWorkers(p.sql, 'test')
    const batch = asBatchId(1)
    await p.sql`INSERT INTO batches (id, first_trigger, n, v) VALUES (${batch}, ${trigger}, 1, 1)`
    await claimBatch(p.sql, batch, worker)
    await quarantineBatch(p.sql, batch, worker)
    const WAYBILL_MASTER_KEY = p.environment().WAYBILL_MASTER_KEY
    const { code, output } = await command(['--wait', '0'], { WAYBILL_MASTER_KEY })
    expect(code).toBe(1)
    expect(output).toContain('retry_without_due (1): redeliver it')
    expect(output).toContain(`delivery ${ids.encode('delivery', failing.id)} (${failing.id})`)
    expect(output).toContain('batch_quarantined (1)')
    expect(output).toMatch(/The ledger has 2 violations\.$/)
    const json = await command(['--json', '--all', '--wait', '0'])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.output)).toMatchObject({
      whole: false,
      missing: 0,
      violations: [
        { kind: 'retry_without_due', id: String(failing.id), name: `delivery ${failing.id}` },
        { kind: 'batch_quarantined', id: '1' },
      ],
    })
  })

  it.each([
    [['--since', 'yesterday'], 64, /--since takes a number/],
    [['--since', '1h', '--all'], 64, /exclude each other/],
    [['--since', '999999d'], 64, /ten years/],
    [['--wait', 'long'], 64, /--wait takes whole seconds/],
    [['--what'], 64, /Usage/],
  ])('refuses %j', async (args, exitCode, says) => {
    const { code, output } = await command(args)
    expect([code, output]).toEqual([exitCode, expect.stringMatching(says)])
  })

  it('says that the ledger could not be read, without the password', async () => {
    const { code, output } = await command([], {
      DATABASE_URL: 'postgres://waybill:hunter2@127.0.0.1:1/waybill',
    })
    expect([code, output]).toEqual([1, expect.stringMatching(/could not be read/)])
    expect(output).not.toMatch(/hunter2/)
  })
})

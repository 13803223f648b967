import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '@waybill/embedded'
import { createTestDatabase, eventually, queueBackends, type TestDatabase } from '@waybill/testing'
import { seedOldHistory } from '../faults/support/seed-old-history.ts'
import { aTriggerBody } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'
import { patient, watchAlerts } from './support/watch-alerts.ts'

const [backend] = queueBackends()

describe('the alerts about upkeep', () => {
  let clone: TestDatabase
  let stack: Stack
  let watch: ReturnType<typeof watchAlerts>
  beforeAll(async () => {
    if (!backend) throw new Error('no queue')
    clone = await createTestDatabase()
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      // Nobody listens there.
      workerEnv: {
        LOG_LEVEL: 'info',
        RETENTION_MS: '1000',
        SMTP_URL: `smtp://127.0.0.1:${await freePort()}`,
      },
      apiEnv: { LOG_LEVEL: 'info' },
    })
    watch = watchAlerts(stack)
  })
  afterAll(async () => {
    await stack.stop()
    await clone.drop()
  })
  const post = () => stack.call('POST', '/v1/triggers', aTriggerBody(1))

  it('tell of mails that nobody takes', async () => {
    expect(await watch.firing()).toEqual([])
    const mails = { notify: true, notificationEmails: 'ops@example.test' }
    for (let i = 0; i < 5; i += 1) await stack.subscribe(`/gone-${i}`, mails)
    stack.receiver.setResponder(() => ({ status: 410 }))
    await post()
    await watch.fires('WaybillMailsFail')
  })

  it('tell of history that cannot go because something in it is not settled', async () => {
    const { id } = await stack.subscribe('/kept')
    stack.receiver.setResponder(() => ({ status: 200 }))
    await post()
    const isDelivered = async () =>
      (await stack.sql`SELECT 1 FROM deliveries WHERE subscription = ${id} AND status = 2`).length > 0
    await eventually(isDelivered, patient)
    await watch.falls('WaybillRetentionBlocked')
    stack.receiver.setResponder(() => ({ status: 500 }))
    const subscription = {
      id,
      uuid: '',
      path: '/kept',
      url: `${stack.receiver.url}/kept`,
      facilities: undefined,
    }
    const { days } = await seedOldHistory(stack.sql, { count: 1, settled: 5, unsettled: 1, subscription })
    await stack.sql`UPDATE batches SET quarantined_at = NULL, runs = 0`
    await watch.fires('WaybillRetentionBlocked')
    stack.receiver.setResponder(() => ({ status: 200 }))
    await watch.falls('WaybillRetentionBlocked')
    await eventually(async () => {
      const left =
        await stack.sql`SELECT 1 FROM pg_class WHERE relname = ${`deliveries_${days[0]}_${(days[0] ?? 0) + 2}`}`
      return left.length === 0
    }, patient)
  }, 120_000)

  it('tell of partitions that run out, until a worker makes more', async () => {
    await watch.falls('WaybillPartitionsRunOut')
    expect(await watch.firing()).not.toContain('WaybillPartitionsRunOut')
    const ahead = await stack.sql<{ name: string; parent: string }[]>`
      SELECT c.relname AS name, i.inhparent::regclass::text AS parent
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent IN ('triggers'::regclass, 'deliveries'::regclass, 'attempts'::regclass) AND c.relkind = 'r'`
    const first = (name: string) => Number(name.split('_')[1])
    const today = Math.max(...(await usedDays(stack)))
    for (const { name } of ahead.filter((one) => first(one.name) > today + 2))
      await stack.sql.unsafe(`DROP TABLE ${name}`)
    await watch.fires('WaybillPartitionsRunOut')
    await stack.startWorker()
    await watch.falls('WaybillPartitionsRunOut')
  }, 120_000)
})

/** The days, as ids count them, on which something was stored. */
async function usedDays({ sql }: Stack): Promise<number[]> {
  const rows = await sql<{ day: number }[]>`SELECT DISTINCT (id / 100000000000)::int AS day FROM triggers`
  return rows.map(({ day }) => day)
}

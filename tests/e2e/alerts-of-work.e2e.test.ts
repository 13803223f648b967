import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { asBatchId } from '@waybill/domain'
import { createWakeUps, type WakeUps } from '@waybill/queue'
import {
  createTestDatabase,
  eventually,
  queueBackends,
  type TestDatabase,
  whileLocked,
} from '@waybill/testing'
import { aTriggerBody } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'
import { patient, watchAlerts } from './support/watch-alerts.ts'

const [backend] = queueBackends()
const slow = { ...patient, timeoutMs: 100_000 }

/** Each with workers of its own: what one leaves waiting would be seen by the next. */
describe('the alerts about work that piles up', () => {
  let clone: TestDatabase
  let stack: Stack
  const start = async (workerEnv: Record<string, string> = {}) => {
    if (!backend) throw new Error('no queue')
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      workerEnv: { LOG_LEVEL: 'info', ...workerEnv },
      apiEnv: { LOG_LEVEL: 'info' },
    })
    return watchAlerts(stack)
  }
  beforeEach(async () => (clone = await createTestDatabase()))
  afterEach(async () => {
    await stack.stop()
    await clone.drop()
  })

  const post = async (n: number) => {
    const answers = await Promise.all(
      Array.from({ length: n }, (_, i) => stack.call('POST', '/v1/triggers', aTriggerBody(i))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
  }
  const settled = (n: number) =>
    eventually(async () => {
      const [row] = await stack.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM deliveries WHERE status = 2`
      return row?.n === n
    }, slow)

  it('tell of slots that are all taken by endpoints which hang', async () => {
    const { firing, fires, falls } = await start({ FIRST_ATTEMPTS_IN_FLIGHT: '4' })
    for (let i = 0; i < 20; i += 1) await stack.subscribe(`/hangs-${i}`)
    stack.receiver.setResponder(() => ({ hang: true }))
    expect(await firing()).toEqual([])
    await post(2)
    await fires('WaybillInFlightSaturated')
    stack.receiver.setResponder(() => ({ status: 200 }))
    await falls('WaybillInFlightSaturated')
    await settled(40)
  }, 180_000)

  it('tell of outcomes that cannot be written', async () => {
    const { fires, falls } = await start()
    for (let i = 0; i < 12; i += 1) await stack.subscribe(`/all-${i}`, { inFlightLimit: 100 })
    stack.receiver.setResponder(() => ({ status: 200, delayMs: 300 }))
    expect(await falls('WaybillOutcomesUnrecorded')).toBe(true)
    await whileLocked(clone.url, 'deliveries', 'SHARE', async () => {
      await post(80)
      await fires('WaybillOutcomesUnrecorded')
    })
    await falls('WaybillOutcomesUnrecorded')
    await settled(80 * 12)
  }, 180_000)

  it('tell of deliveries that are due and not sent', async () => {
    const { fires, falls } = await start()
    await stack.subscribe('/away')
    stack.receiver.setResponder(() => ({ status: 503 }))
    await post(20)
    await eventually(async () => (await stack.sql`SELECT 1 FROM due`).length === 20, patient)
    await falls('WaybillLanesOverdue')
    // As if its breaker had been open for an hour, and stayed so.
    await eventually(async () => {
      const shut = await stack.sql`
        UPDATE lanes SET blocked_until = now() + interval '1 hour' WHERE owner IS NULL RETURNING 1`
      return shut.length === 1
    }, patient)
    await stack.sql`UPDATE due SET due_at = due_at - interval '1 hour'`
    await stack.sql`UPDATE lanes SET next_due_at = (SELECT min(due_at) FROM due)`
    await fires('WaybillLanesOverdue')
    stack.receiver.setResponder(() => ({ status: 200 }))
    await stack.sql`UPDATE lanes SET blocked_until = NULL`
    await settled(20)
    await falls('WaybillLanesOverdue')
  }, 180_000)

  it('tell of jobs that wait in the queue', async () => {
    const { firing, fires } = await start()
    if (!backend) throw new Error('no queue')
    const wakeUps = createWakeUps(backend.config(clone.url), { onError: () => {} })
    try {
      await eventually(() => wakeUps.ready())
      expect(await firing()).toEqual([])
      // No batch can be claimed meanwhile.
      await whileLocked(clone.url, 'batches', 'EXCLUSIVE', async () => {
        await fill(wakeUps, 5_500)
        await fires('WaybillJobsWaiting')
      })
      await eventually(async () => !(await firing()).includes('WaybillJobsWaiting'), slow)
    } finally {
      await wakeUps.close()
    }
  }, 180_000)
})

/** Wakes batches that do not exist until so many jobs wait; a thousand at once is the most a process has under way. */
async function fill(wakeUps: WakeUps, jobs: number): Promise<void> {
  let id = 0
  const waiting = async () => (await wakeUps.counts())?.fanOut ?? 0
  await eventually(
    async () => {
      for (let i = 0; i < 500; i += 1) wakeUps.fanOut(asBatchId((id += 1_000)))
      return (await waiting()) >= jobs
    },
    { ...patient, everyMs: 100 },
  )
}

import { createHash } from 'node:crypto'
import {
  createSubscription,
  deriveMasterKeys,
  findAttempts,
  findDeliveriesOfTrigger,
  openDatabase,
  putIntegration,
  storeTriggers,
  type DeliveryRecord,
  type NewSubscription,
  type NewTrigger,
} from '@waybill/db'
import {
  asIntegrationId,
  asTriggerId,
  findEvent,
  parseStandardSecret,
  profileCode,
  type DeliveryId,
  type TriggerId,
} from '@waybill/domain'
import { createWakeUps } from '@waybill/queue'
import { createLogger, type Logger } from '@waybill/runtime'
import {
  createTestDatabase,
  eventually,
  startReceiver,
  type Responder,
  type TestQueueBackend,
} from '@waybill/testing'
import { readConfig, startWorker, type RunningWorker } from '@waybill/worker'

export const secret = 'whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc='
const masterKey = Buffer.alloc(32, 3)
export const yard = asIntegrationId(12)

export type Pipeline = Awaited<ReturnType<typeof openPipeline>>

/** A database, a receiver and the means to feed and start workers, all real, on one queue backend. */
export async function openPipeline(backend: TestQueueBackend) {
  const clone = await createTestDatabase()
  const queue = backend.config(clone.url)
  const database = openDatabase({
    url: clone.url,
    applicationName: 'waybill-test',
    hotConnections: 4,
    otherConnections: 2,
    statementTimeoutMs: 10_000,
  })
  const { sql, orm } = database
  const keys = deriveMasterKeys(masterKey)
  await putIntegration(orm, yard, 'Yard')
  const receiver = await startReceiver()
  const queueErrors: unknown[] = []
  const wakeUps = createWakeUps(queue, { onError: (error) => queueErrors.push(error) })
  await eventually(() => wakeUps.ready())
  const workers: RunningWorker[] = []
  let keyNumber = 0

  const environment = (changes: Record<string, string> = {}) => ({
    DATABASE_URL: clone.url,
    ...(queue.backend === 'redis' ? { REDIS_URL: queue.redisUrl, QUEUE_PREFIX: queue.prefix ?? '' } : {}),
    WAYBILL_MASTER_KEY: masterKey.toString('base64'),
    EGRESS_ALLOW: 'loopback',
    METRICS_PORT: '0',
    LOG_LEVEL: 'error',
    SCHEDULE_SCALE: '0.02',
    ...changes,
  })
  const deliveriesOf = (trigger: TriggerId) => findDeliveriesOfTrigger(sql, yard, trigger)

  return {
    sql,
    orm,
    receiver,
    wakeUps,
    environment,
    startWorker: async (
      changes: Record<string, string> = {},
      logger: Logger = createLogger({ service: 'waybill-worker', level: 'error' }),
    ) => {
      const worker = await startWorker(readConfig(environment(changes)), logger)
      workers.push(worker)
      return worker
    },
    subscribe: async (path: string, changes: Partial<NewSubscription> = {}) => {
      const made = await createSubscription(orm, keys, 'test', {
        integration: yard,
        key: `key-${(keyNumber += 1)}`,
        name: path,
        url: `${receiver.url}${path}`,
        view: null,
        profile: profileCode('standard'),
        state: 'active',
        filters: {},
        successCode: null,
        horizonSeconds: 3_600,
        timeoutMs: 5_000,
        inFlightLimit: 20,
        notify: false,
        notificationEmails: null,
        secrets: [parseStandardSecret(secret) as Buffer],
        ...changes,
      })
      if (made === 'key_taken') throw new Error('the key is taken')
      return made
    },
    /** Stores triggers as the api does, in one batch; the first one's id is the batch's as well. */
    accept: async (...triggers: NewTrigger[]) => {
      const { batch } = await storeTriggers(sql, [{ integration: yard, triggers }], false)
      if (batch === undefined) throw new Error('nothing was stored')
      return asTriggerId(batch)
    },
    deliveriesOf,
    attemptsOf: (delivery: DeliveryId) => findAttempts(sql, [delivery]),
    /** The trigger's deliveries once they all satisfy `check`. */
    settled: (trigger: TriggerId, check: (one: DeliveryRecord) => boolean = (one) => one.status === 2) =>
      eventually(async () => {
        const found = await deliveriesOf(trigger)
        if (found.length === 0 || !found.every(check)) throw new Error(JSON.stringify(found))
        return found as [DeliveryRecord, ...DeliveryRecord[]]
      }),
    batches: async () => (await sql<{ id: number }[]>`SELECT id FROM batches`).map((row) => row.id),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
      await receiver.close()
      await wakeUps.close()
      await database.close()
      await clone.drop()
    },
  }
}

export function aTrigger(
  name = 'scheduled',
  changes: Partial<NewTrigger> & { orderId?: string } = {},
): NewTrigger {
  const kind = name.includes('.') ? 'order_event' : 'order_status'
  const event = findEvent(kind, name)
  if (!event) throw new Error(`no such event: ${name}`)
  const orderId = changes.orderId ?? '40017'
  return {
    eventId: event.id,
    orderId,
    facilityId: null,
    search: null,
    orderStatus: null,
    occurrence: null,
    data: JSON.stringify({
      integration_id: yard,
      kind,
      name,
      order_id: orderId,
      occurred_at: '2026-03-02T15:04:05Z',
      order: { total: '1.10', property: { location: { street: '9 Elm Rd' } } },
    }),
    ...changes,
  }
}

export const occurrence = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Answers `status` to the first `times` requests with the same webhook-id, then 200. */
export function failing(status: number, times: number, headers: Record<string, string> = {}): Responder {
  const seen = new Map<string | undefined, number>()
  return ({ webhookId }) => {
    const count = (seen.get(webhookId) ?? 0) + 1
    seen.set(webhookId, count)
    return count <= times ? { status, headers } : { status: 200 }
  }
}

import { createHash } from 'node:crypto'
import {
  claimBatch,
  createSubscription,
  deriveMasterKeys,
  freezePlan,
  joinWorkers,
  openDatabase,
  plannedHow,
  putIntegration,
  recordFirstOutcomes,
  storeTriggers,
  type AcceptEntry,
  type AttemptRow,
  type FirstOutcome,
  type NewSubscription,
  type NewTrigger,
} from '@waybill/db'
import {
  asIntegrationId,
  asTriggerId,
  asWorkerId,
  type DeliveryId,
  type SubscriptionId,
  type TriggerId,
} from '@waybill/domain'
import { createTestDatabase } from '@waybill/testing'

/** The integration that exists, and one that does not. */
export const yard = asIntegrationId(12)
export const elsewhere = asIntegrationId(13)

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

export const aTrigger = (changes: Partial<NewTrigger> = {}): NewTrigger => ({
  eventId: 6,
  orderId: '40017',
  facilityId: null,
  search: null,
  orderStatus: null,
  occurrence: null,
  data: '{"order_id":"40017"}',
  ...changes,
})

export const anEntry = (changes: Partial<AcceptEntry> = {}): AcceptEntry => ({
  integration: yard,
  triggers: [aTrigger()],
  ...changes,
})

export const aKey = (key: string, body = key) => ({ hash: sha256(key), bodyHash: sha256(body) })

export const anAttempt = (changes: Partial<AttemptRow> = {}): AttemptRow => ({
  n: 1,
  revision: 1,
  sentAtMs: 1_800_000_000_000,
  ms: 12,
  code: 200,
  err: null,
  bodyHash: sha256('body'),
  signature: 'v1,x',
  responseHeaders: '{}',
  responseBody: Buffer.from([0, 255, 34]),
  ...changes,
})

const aSubscription: NewSubscription = {
  integration: yard,
  key: 'yard-crm',
  name: 'Yard CRM',
  url: 'https://crm.example.test/hook?k=9',
  view: null,
  profile: 5,
  state: 'active',
  filters: {},
  successCode: null,
  horizonSeconds: 3_600,
  timeoutMs: 15_000,
  inFlightLimit: 20,
  notify: false,
  notificationEmails: null,
  secrets: [Buffer.alloc(32, 7)],
}

export type Fixture = Awaited<ReturnType<typeof openFixture>>

/** A migrated database of its own with the integration `yard` and a worker. */
export async function openFixture() {
  const clone = await createTestDatabase()
  const database = openDatabase({
    url: clone.url,
    applicationName: 'waybill-test',
    hotConnections: 8,
    otherConnections: 2,
    statementTimeoutMs: 10_000,
  })
  const { sql, orm } = database
  const keys = deriveMasterKeys(Buffer.alloc(32, 1))
  await putIntegration(orm, yard, 'Yard')
  const worker = await joinWorkers(sql, 'test')
  const others = await Promise.all([1, 2, 3, 4].map((n) => joinWorkers(sql, `other-${n}`)))
  const subscribe = async (changes: Partial<NewSubscription> = {}) => {
    const made = await createSubscription(orm, keys, 'test', { ...aSubscription, ...changes })
    if (made === 'key_taken') throw new Error('the key is taken')
    return made
  }
  const plan = async (subscription: SubscriptionId) => {
    const { batch } = await storeTriggers(sql, [anEntry()], false)
    if (batch === undefined) throw new Error('no batch')
    await claimBatch(sql, batch, worker)
    const planned = { offset: 0, subscription, revision: 1, how: plannedHow.send }
    const delivery = await freezePlan(sql, batch, worker, [planned])
    if (delivery === undefined) throw new Error('not frozen')
    return { batch, trigger: asTriggerId(batch), delivery }
  }
  return {
    url: clone.url,
    sql,
    orm,
    keys,
    worker,
    /** A worker that owns nothing. */
    /** An id that no worker has. */
    stranger: asWorkerId(worker + 1001),
    /** Four workers that live beside `worker`. */
    others,
    subscribe,
    /** A stored trigger whose batch is claimed and frozen with one delivery for the subscription. */
    plan,
    /** The same, recorded as a first attempt that failed and is due again after `delayMs`. */
    failOnce: async (subscription: SubscriptionId, delayMs = 0) => {
      const { batch, trigger, delivery } = await plan(subscription)
      await recordFirstOutcomes(sql, worker, [failedFirst(delivery, trigger, subscription, delayMs)], [batch])
      return { trigger, delivery }
    },
    close: async () => {
      await database.close()
      await clone.drop()
    },
  }
}

export const failedFirst = (
  delivery: DeliveryId,
  trigger: TriggerId,
  subscription: SubscriptionId,
  delayMs: number,
): FirstOutcome => ({
  delivery,
  trigger,
  integration: yard,
  subscription,
  revision: 1,
  profile: 5,
  status: 3,
  eventId: 6,
  orderStatus: 6,
  createdAtMs: Date.now(),
  notices: [],
  err: null,
  attempt: anAttempt({ code: 500 }),
  due: { delayMs, expiresAtMs: Date.now() + 3_600_000, step: 1, crashes: 0 },
})

/** Resolves once some statement of this database waits for another's lock. */
export async function waitForLockWait({ sql }: Pick<Fixture, 'sql'>): Promise<void> {
  for (;;) {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`
    if (row && row.n > 0) return
  }
}

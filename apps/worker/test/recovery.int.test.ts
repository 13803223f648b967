import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  claimBatch,
  claimLane,
  freezePlan,
  joinWorkers,
  plannedHow,
  readBacklog,
  redeliver,
  sliceLane,
  updateSubscription,
} from '@waybill/db'
import { asBatchId, asDeliveryId, idInBlock, profileCode, type SubscriptionId } from '@waybill/domain'
import { eventually, queueBackends } from '@waybill/testing'
import { aTrigger, failing, openPipeline, yard, type Pipeline } from './support/pipeline.ts'

/** Leases a hundred times shorter than in production; every figure keeps its relation to the others. */
const fastLeases = { HEARTBEAT_MS: '50', SELF_STOP_MS: '300', LEASE_MS: '600', SWEEP_MS: '100' }

describe.each(queueBackends())('recovery on the $name queue', (backend) => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  const ghost = () => joinWorkers(p.sql, 'ghost')
  const dies = (worker: number) =>
    p.sql`UPDATE workers SET seen_at = now() - interval '1 hour' WHERE id = ${worker}`

  it('sweeps up a batch whose wake-up was lost', async () => {
    await p.subscribe('/lost')
    await p.startWorker(fastLeases)
    await p.settled(await p.accept(aTrigger()))
    expect(p.receiver.requests).toHaveLength(1)
  })

  it('sweeps up a lane whose wake-up was lost', async () => {
    const { id } = await p.subscribe('/lane')
    p.receiver.setResponder(failing(500, 1))
    const trigger = await p.accept(aTrigger())
    const worker = await ghost()
    await claimBatch(p.sql, asBatchId(trigger), worker)
    await p.sql`UPDATE batches SET owner = NULL`
    await p.startWorker(fastLeases)
    p.wakeUps.fanOut(trigger)
    const [delivery] = await p.settled(trigger)
    expect(delivery).toMatchObject({ subscription: id, attempts: 2 })
  })

  it('never sends a re-run with a plan inline: its deliveries become pending and the lane sends them', async () => {
    const { id } = await p.subscribe('/planned')
    const trigger = await p.accept(aTrigger())
    const worker = await ghost()
    await claimBatch(p.sql, asBatchId(trigger), worker)
    const plan = [{ offset: 0, subscription: id, revision: 1, how: plannedHow.send }]
    const base = await freezePlan(p.sql, asBatchId(trigger), worker, plan)
    await dies(worker)
    await p.startWorker(fastLeases)
    const [delivery] = await p.settled(trigger)
    expect(delivery).toMatchObject({ id: base, attempts: 1 })
    expect(p.receiver.requests).toHaveLength(1)
    const [lane] = await p.sql`SELECT runs FROM lanes WHERE subscription = ${id}`
    expect(lane?.['runs']).toBeGreaterThanOrEqual(1)
  })

  it('keeps the shape of what was planned before its subscription moved to another version', async () => {
    const { id } = await p.subscribe('/moved', { profile: profileCode('planomatic-v2') })
    const trigger = await p.accept(aTrigger())
    const worker = await ghost()
    await claimBatch(p.sql, asBatchId(trigger), worker)
    const plan = [{ offset: 0, subscription: id, revision: 1, how: plannedHow.send }]
    await freezePlan(p.sql, asBatchId(trigger), worker, plan)
    await updateSubscription(p.orm, 'test', yard, id, { profile: profileCode('planomatic-v3') })
    await dies(worker)
    await p.startWorker(fastLeases)
    const [delivery] = await p.settled(trigger)
    expect(delivery.profile).toBe(profileCode('planomatic-v2'))
    expect(p.receiver.requests[0]?.body).toContain('"order_status":"scheduled"')
  })

  it('starts a re-run without a plan over, since nothing was sent', async () => {
    await p.subscribe('/unplanned')
    const trigger = await p.accept(aTrigger())
    const worker = await ghost()
    await claimBatch(p.sql, asBatchId(trigger), worker)
    await dies(worker)
    await p.startWorker(fastLeases)
    const [delivery] = await p.settled(trigger)
    expect(delivery.attempts).toBe(1)
    expect(await p.sql`SELECT 1 FROM lanes`).toHaveLength(0)
  })

  it('takes a batch apart that keeps ending its workers, and sets the one trigger to blame aside', async () => {
    await p.subscribe('/poison')
    const [innocent, poison] = [await p.accept(aTrigger(), aTrigger()), await p.accept(aTrigger())]
    await p.sql`UPDATE batches SET runs = 4 WHERE id = ${innocent}`
    await p.sql`UPDATE batches SET runs = 8 WHERE id = ${poison}`
    await p.startWorker(fastLeases)
    await p.settled(innocent)
    await p.settled(idInBlock(innocent, 1))
    await eventually(async () => {
      const rows = await p.sql<{ id: number }[]>`SELECT id FROM batches WHERE quarantined_at IS NOT NULL`
      return rows[0]?.id === poison
    })
    const told = await p.sql`SELECT integration, details FROM notices WHERE kind = 'batch_quarantined'`
    expect([...told]).toEqual([{ integration: yard, details: { trigger: poison, runs: 9 } }])
    expect(p.receiver.requests).toHaveLength(2)
  })

  it('takes over a lane of a dead worker, notes the unknown attempt and keeps the schedule where it was', async () => {
    const { id } = await p.subscribe('/orphan')
    const trigger = await p.accept(aTrigger())
    await p.sql`UPDATE subscriptions SET state = 2 WHERE id = ${id}`
    await p.sql`UPDATE config SET version = version + 1`
    const first = await p.startWorker(fastLeases)
    await p.settled(trigger, (one) => one.status === 1)
    await first.stop()
    await p.sql`UPDATE subscriptions SET state = 1, changed_version = (SELECT version FROM config) + 1`
    await p.sql`UPDATE config SET version = version + 1`
    const worker = await ghost()
    const lane = await claimLane(p.sql, id, worker)
    expect(
      await sliceLane(p.sql, id, worker, lane?.run ?? 0, { limit: 10, suspects: false, which: 'all' }),
    ).toHaveLength(1)
    await dies(worker)
    await p.startWorker(fastLeases)
    const [delivery] = await p.settled(trigger)
    const attempts = await p.attemptsOf(delivery.id)
    expect(attempts.map(({ n, err, code }) => [n, err, code])).toEqual([
      [1, 'unknown', null],
      [2, null, 200],
    ])
  })

  it('sets a delivery aside that has ended five workers, with a notice', async () => {
    const { id } = await p.subscribe('/killer', { state: 'paused' })
    const trigger = await p.accept(aTrigger())
    const first = await p.startWorker(fastLeases)
    const [delivery] = await p.settled(trigger, (one) => one.status === 1)
    await first.stop()
    await p.sql`UPDATE due SET crashes = 5`
    await p.sql`UPDATE subscriptions SET state = 1, changed_version = (SELECT version FROM config) + 1 WHERE id = ${id}`
    await p.sql`UPDATE config SET version = version + 1`
    await p.startWorker(fastLeases)
    await p.settled(trigger, (one) => one.err === 'quarantined')
    const [notice] = await p.sql`SELECT ref FROM notices WHERE kind = 'delivery_quarantined'`
    expect(notice?.['ref']).toBe(String(delivery.id))
    expect(p.receiver.requests).toHaveLength(0)
  })

  /** A trigger whose delivery to each path has ended two workers and is due again, and the subscriptions. */
  const endedTwo = async (paths: readonly string[]) => {
    const ids: SubscriptionId[] = []
    for (const path of paths) ids.push((await p.subscribe(path, { state: 'paused', timeoutMs: 15_000 })).id)
    const first = await p.startWorker(fastLeases)
    const trigger = await p.accept(aTrigger())
    await eventually(async () => (await p.deliveriesOf(trigger)).length === paths.length)
    await first.stop()
    await p.sql`UPDATE due SET crashes = 2`
    await p.sql`UPDATE subscriptions SET state = 1, changed_version = (SELECT version FROM config) + 1`
    await p.sql`UPDATE config SET version = version + 1`
    return { trigger, ids }
  }

  it('sends what ended two workers one after the other, whatever its lanes', async () => {
    const paths = ['/a', '/b', '/c', '/d', '/e', '/f']
    const { trigger } = await endedTwo(paths)
    const open = { now: 0, most: 0 }
    p.receiver.setResponder(() => {
      open.now += 1
      open.most = Math.max(open.most, open.now)
      setTimeout(() => (open.now -= 1), 100)
      return { status: 200, delayMs: 100 }
    })
    await p.startWorker(fastLeases)
    await p.settled(trigger)
    expect(p.receiver.requests).toHaveLength(paths.length)
    expect(open.most).toBe(1)
  })

  it('lets one that ended two workers and now hangs keep the others waiting for a second only', async () => {
    const { trigger } = await endedTwo(['/hangs', '/waits'])
    p.receiver.setResponder(({ path }) => ({ status: 200, delayMs: path === '/hangs' ? 12_000 : 0 }))
    await p.startWorker(fastLeases)
    const states = async () => (await p.deliveriesOf(trigger)).map(({ status }) => status)
    await eventually(async () => (await states()).includes(2))
    expect(await states()).not.toEqual([2, 2])
    await p.settled(trigger)
    expect(p.receiver.requests).toHaveLength(2)
  })

  it('does not let a lane without suspects wait for those of others', async () => {
    const hanging = Array.from({ length: 10 }, (_, i) => `/hangs/${i}`)
    const { trigger, ids } = await endedTwo([...hanging, '/well'])
    const well = ids.at(-1) ?? null
    await p.sql`UPDATE due SET crashes = 0 WHERE subscription = ${well}`
    p.receiver.setResponder(({ path }) => ({ status: 200, delayMs: path === '/well' ? 0 : 3_000 }))
    const arrived = (path: string) => p.receiver.requests.filter((one) => one.path.startsWith(path)).length
    const isFree = async () =>
      (await p.sql`SELECT 1 FROM lanes WHERE subscription = ${well} AND owner IS NULL`).length === 1
    await p.startWorker(fastLeases)
    await p.receiver.waitFor(() => arrived('/hangs') > 0 && arrived('/well') > 0)
    const before = arrived('/hangs')
    const delivery = (await p.deliveriesOf(trigger)).find((one) => one.subscription === well)?.id
    for (let turn = 2; turn <= 6; turn += 1) {
      await eventually(isFree)
      // The eighth is one of those that begin with a suspect.
      await p.sql`UPDATE lanes SET runs = 7 WHERE subscription = ${well}`
      await redeliver(p.sql, yard, delivery ?? asDeliveryId(0))
      await p.receiver.waitFor(() => arrived('/well') === turn)
    }
    // One hangs for a second before the next: five turns behind them would have seen as many.
    expect(arrived('/hangs') - before).toBeLessThan(4)
  })

  it('gives up what is past its horizon, and what belonged to a deleted subscription', async () => {
    const expired = await p.subscribe('/expired', { horizonSeconds: 1 })
    const deleted = await p.subscribe('/deleted')
    p.receiver.setResponder(() => ({ status: 500 }))
    await p.startWorker(fastLeases)
    const trigger = await p.accept(aTrigger())
    await p.settled(trigger, (one) => one.attempts > 0)
    await p.sql`UPDATE subscriptions SET deleted_at = now(), changed_version = (SELECT version FROM config) + 1
      WHERE id = ${deleted.id}`
    await p.sql`UPDATE config SET version = version + 1`
    const found = await p.settled(trigger, (one) => one.err !== null)
    expect(new Map(found.map((one) => [one.subscription, one.err]))).toEqual(
      new Map([
        [expired.id, 'expired'],
        [deleted.id, 'subscription_deleted'],
      ]),
    )
    expect(await p.sql`SELECT 1 FROM due`).toHaveLength(0)
    await eventually(async () => (await readBacklog(p.sql)).dueNow === 0)
    await eventually(
      async () => (await p.sql`SELECT 1 FROM lanes WHERE next_due_at IS NOT NULL`).length === 0,
    )
  })

  it('does not count the time of a pause towards the horizon', async () => {
    const { id } = await p.subscribe('/paused-long', { horizonSeconds: 3_600, state: 'paused' })
    await p.sql`UPDATE subscriptions SET paused_at = now() - interval '2 days' WHERE id = ${id}`
    await p.sql`UPDATE config SET version = version + 1`
    const trigger = await p.accept(aTrigger())
    await p.startWorker(fastLeases)
    await p.settled(trigger, (one) => one.status === 1)
    // As if a day had passed since: the trigger is older than its horizon, but its subscription was paused throughout.
    await p.sql`UPDATE due SET expires_at = expires_at - interval '1 day'`
    await p.sql`UPDATE subscriptions SET state = 1, paused_at = NULL, paused_ms = 3 * 86400000,
      changed_version = (SELECT version FROM config) + 1 WHERE id = ${id}`
    await p.sql`UPDATE config SET version = version + 1`
    await p.settled(trigger)
    expect(p.receiver.requests).toHaveLength(1)
  })

  it('stops in order: what is under way is finished and written, what had not begun is left to be taken up', async () => {
    await p.subscribe('/slow', { inFlightLimit: 5 })
    p.receiver.setResponder(() => ({ status: 200, delayMs: 300 }))
    const worker = await p.startWorker(fastLeases)
    const trigger = await p.accept(...Array.from({ length: 40 }, () => aTrigger()))
    p.wakeUps.fanOut(trigger)
    await p.receiver.waitFor(1)
    await worker.stop()
    expect(await p.batches()).toEqual([])
    expect(await p.sql`SELECT 1 FROM workers`).toHaveLength(0)
    const [row] = await p.sql<{ sent: number; open: number }[]>`
      SELECT count(*) FILTER (WHERE status = 2)::int AS sent, count(*) FILTER (WHERE status = 1)::int AS open
      FROM deliveries`
    expect(row?.sent).toBe(p.receiver.requests.length)
    expect((row?.sent ?? 0) + (row?.open ?? 0)).toBe(40)
    p.receiver.setResponder(() => ({ status: 200 }))
    await p.startWorker(fastLeases)
    await eventually(async () => (await p.sql`SELECT 1 FROM due`).length === 0)
    expect(p.receiver.requests).toHaveLength(40)
  })

  /** Triggers that wait in the lane of a subscription that becomes active now. */
  const backlog = async (path: string, n: number, changes: Parameters<Pipeline['subscribe']>[1] = {}) => {
    const { id } = await p.subscribe(path, { ...changes, state: 'paused' })
    const worker = await p.startWorker(fastLeases)
    const trigger = await p.accept(...Array.from({ length: n }, () => aTrigger()))
    await eventually(async () => (await p.sql`SELECT 1 FROM due WHERE subscription = ${id}`).length === n)
    const resume = async () => {
      // At once, as the api does it: a sweep between the two would send what the worker had read before.
      await p.sql`WITH raised AS (UPDATE config SET version = version + 1 RETURNING version)
        UPDATE subscriptions SET state = 1, changed_version = raised.version FROM raised WHERE id = ${id}`
      p.wakeUps.drain(id, 0)
    }
    return { id, worker, trigger, resume }
  }
  const sentOnce = () => {
    const ids = p.receiver.requests.map((request) => request.webhookId)
    expect(new Set(ids).size).toBe(ids.length)
  }

  it('sends nothing twice when its connections are cut again and again while it drains a lane', async () => {
    const { resume } = await backlog('/cut', 120, { inFlightLimit: 10 })
    p.receiver.setResponder(() => ({ status: 200, delayMs: 40 }))
    await resume()
    for (let cut = 1; cut <= 8; cut += 1) {
      await p.receiver.waitFor(cut * 10)
      await p.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'waybill-worker'`
    }
    await eventually(async () => (await p.sql`SELECT 1 FROM due`).length === 0, { timeoutMs: 40_000 })
    sentOnce()
    expect(p.receiver.requests).toHaveLength(120)
    expect(await p.sql`SELECT 1 FROM deliveries WHERE status <> 2`).toHaveLength(0)
    expect(await p.sql`SELECT 1 FROM attempts WHERE err = 'unknown'`).toHaveLength(0)
  })

  it('begins no further retry once it is told to stop', async () => {
    const { worker, resume } = await backlog('/stop', 40, { inFlightLimit: 8 })
    p.receiver.setResponder(() => ({ status: 200, delayMs: 300 }))
    await resume()
    await p.receiver.waitFor(8)
    const begun = p.receiver.requests.length
    await worker.stop()
    expect(p.receiver.requests.length).toBeLessThanOrEqual(begun + 8)
    expect(await p.sql`SELECT 1 FROM due WHERE run IS NOT NULL`).toHaveLength(0)
    expect(await p.sql`SELECT 1 FROM lanes WHERE owner IS NOT NULL`).toHaveLength(0)
  })

  it('settles a retry that makes no body, instead of trying it for ever', async () => {
    const { id, trigger, resume } = await backlog('/no-view', 1)
    await p.sql`UPDATE revisions SET view = 'gone' WHERE subscription = ${id}`
    await resume()
    await p.settled(trigger, (one) => one.err === 'render_failed')
    expect(await p.sql`SELECT 1 FROM due`).toHaveLength(0)
    expect(p.receiver.requests).toHaveLength(0)
  })

  it('does not let the unreadable secret of one subscription keep the others waiting', async () => {
    const broken = await p.subscribe('/broken')
    await p.subscribe('/whole')
    const [secret] = await p.sql`SELECT ciphertext FROM secrets WHERE subscription = ${broken.id}`
    await p.sql`UPDATE secrets SET ciphertext = decode('00', 'hex') || ciphertext WHERE subscription = ${broken.id}`
    await p.startWorker(fastLeases)
    const trigger = await p.accept(aTrigger())
    const found = await p.settled(trigger, (one) => one.attempts > 0)
    const unsigned = found.find((one) => one.subscription === broken.id)
    expect(found.map((one) => one.status).sort((a, b) => a - b)).toEqual([2, 3])
    expect((await p.attemptsOf(unsigned?.id ?? found[0].id))[0]).toMatchObject({ err: 'secret_unreadable' })
    expect(p.receiver.requests.map((request) => request.path)).toEqual(['/whole'])
    await p.sql`UPDATE secrets SET ciphertext = ${secret?.['ciphertext'] as Buffer} WHERE subscription = ${broken.id}`
    await p.sql`UPDATE subscriptions SET changed_version = (SELECT version FROM config) + 1 WHERE id = ${broken.id}`
    await p.sql`UPDATE config SET version = version + 1`
    await p.settled(trigger)
  })

  it('keeps to a plan that says not to send, also when it takes the plan over', async () => {
    const { id } = await p.subscribe('/unsent')
    const trigger = await p.accept(aTrigger())
    const worker = await ghost()
    await claimBatch(p.sql, asBatchId(trigger), worker)
    const plan = [{ offset: 0, subscription: id, revision: 1, how: plannedHow.duplicated }]
    await freezePlan(p.sql, asBatchId(trigger), worker, plan)
    await dies(worker)
    await p.startWorker(fastLeases)
    await p.settled(trigger, (one) => one.status === 5)
    expect(p.receiver.requests).toHaveLength(0)
  })

  it('frees what a worker claimed after it had been removed', async () => {
    await p.subscribe('/late')
    const trigger = await p.accept(aTrigger())
    const worker = await ghost()
    await claimBatch(p.sql, asBatchId(trigger), worker)
    await p.sql`DELETE FROM workers WHERE id = ${worker}`
    await p.startWorker(fastLeases)
    await p.settled(trigger)
    expect(p.receiver.requests).toHaveLength(1)
  })

  it('never frees what it is sending, however often it sweeps', async () => {
    await p.subscribe('/swept', { inFlightLimit: 100 })
    p.receiver.setResponder(() => ({ status: 200, delayMs: 60 }))
    await p.startWorker({ ...fastLeases, SWEEP_MS: '5' })
    for (let i = 0; i < 60; i += 1) p.wakeUps.fanOut(await p.accept(aTrigger()))
    await eventually(async () => (await p.sql`SELECT 1 FROM deliveries WHERE status = 2`).length === 60)
    expect(p.receiver.requests).toHaveLength(60)
    expect(await p.sql`SELECT 1 FROM lanes`).toHaveLength(0)
  })

  it('shares the work of two workers without sending anything twice', async () => {
    await p.subscribe('/shared', { inFlightLimit: 100 })
    await p.startWorker(fastLeases)
    await p.startWorker(fastLeases)
    for (let i = 0; i < 30; i += 1)
      p.wakeUps.fanOut(await p.accept(...Array.from({ length: 10 }, () => aTrigger())))
    await eventually(async () => {
      const [row] = await p.sql`SELECT count(*)::int AS n FROM deliveries WHERE status = 2`
      return row?.['n'] === 300
    })
    expect(p.receiver.requests).toHaveLength(300)
    expect(await p.batches()).toEqual([])
  })
})

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { claimBatch, claimLane, joinWorkers, putIntegration, storeTriggers } from '@waybill/db'
import { asBatchId, asIntegrationId } from '@waybill/domain'
import { eventually, queueBackends } from '@waybill/testing'
import { aTrigger, failing, openPipeline, yard, type Pipeline } from './support/pipeline.ts'

const fastLeases = { HEARTBEAT_MS: '50', SELF_STOP_MS: '300', LEASE_MS: '600', SWEEP_MS: '100' }
/** A batch format, a profile and a state of a version to come. */
const newerFormat = 99
const newerProfile = 99
const newerState = 99

describe.each(queueBackends())('a worker beside a newer one on the $name queue', (backend) => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  const setProfile = async (profile: number, path: string) => {
    await p.sql`
      WITH changed AS (UPDATE config SET version = version + 1 RETURNING version)
      UPDATE subscriptions SET profile = ${profile}::smallint, changed_version = changed.version FROM changed
      WHERE id = (SELECT subscription FROM revisions WHERE name = ${path})`
  }
  const setState = async (state: number, path: string) => {
    await p.sql`
      WITH changed AS (UPDATE config SET version = version + 1 RETURNING version)
      UPDATE subscriptions SET state = ${state}::smallint, changed_version = changed.version FROM changed
      WHERE id = (SELECT subscription FROM revisions WHERE name = ${path})`
  }
  const profileOf = async (path: string) => {
    const [row] = await p.sql<{ profile: number }[]>`
      SELECT s.profile FROM subscriptions s JOIN revisions r ON r.subscription = s.id WHERE r.name = ${path}`
    return row?.profile ?? 0
  }
  const sweeps = async () => {
    // A batch whose wake-up is lost is delivered by a sweep, so one has passed.
    const marker = await p.accept(aTrigger())
    await p.settled(marker)
  }

  it('leaves batches of a newer format as they are, and does not queue behind them', async () => {
    await p.subscribe('/formats')
    const newer = await Promise.all(Array.from({ length: 80 }, () => p.accept(aTrigger())))
    await p.sql`UPDATE batches SET v = ${newerFormat}::smallint`
    await p.startWorker(fastLeases)
    for (const batch of newer.slice(0, 5)) p.wakeUps.fanOut(batch)
    await sweeps()
    await sweeps()
    const left = await p.sql`SELECT owner, runs, plan, quarantined_at FROM batches`
    expect(left).toHaveLength(80)
    for (const one of left) expect(one).toEqual({ owner: null, runs: 0, plan: null, quarantined_at: null })
    expect(p.receiver.requests).toHaveLength(2)
    // What the newer worker does with them.
    await p.sql`UPDATE batches SET v = 1`
    await Promise.all(newer.map((trigger) => p.settled(trigger)))
    expect(p.receiver.requests).toHaveLength(82)
  })

  it('gives a batch back that may match a subscription of a profile it does not know', async () => {
    await p.subscribe('/new')
    await p.subscribe('/old')
    const known = await profileOf('/new')
    await setProfile(newerProfile, '/new')
    const trigger = await p.accept(aTrigger())
    await p.startWorker(fastLeases)
    p.wakeUps.fanOut(trigger)
    const one = await joinWorkers(p.sql, 'newer')
    await eventually(async () => {
      const taken = await p.sql`
        UPDATE batches SET owner = ${one} WHERE owner IS NULL AND runs = 0 AND plan IS NULL RETURNING id`
      return taken.length === 1
    })
    expect(p.receiver.requests).toHaveLength(0)
    await p.sql`UPDATE batches SET owner = NULL`
    await setProfile(known, '/new')
    expect(await p.settled(trigger)).toHaveLength(2)
    expect(p.receiver.requests.map(({ path }) => path).sort()).toEqual(['/new', '/old'])
  })

  it('goes on with the others while a subscription is in a state it does not know', async () => {
    await p.subscribe('/state')
    const elsewhere = asIntegrationId(yard + 1)
    await putIntegration(p.orm, elsewhere, 'Elsewhere')
    await p.subscribe('/elsewhere', { integration: elsewhere })
    await p.startWorker(fastLeases)
    await setState(newerState, '/state')
    const trigger = await p.accept(aTrigger())
    p.wakeUps.fanOut(trigger)
    await storeTriggers(p.sql, [{ integration: elsewhere, triggers: [aTrigger()] }], false)
    await eventually(() => p.receiver.requests.some(({ path }) => path === '/elsewhere'))
    expect(p.receiver.requests.map(({ path }) => path)).toEqual(['/elsewhere'])
    await eventually(async () => (await p.batches()).join() === String(trigger))
    await setState(1, '/state')
    await p.settled(trigger)
  })

  it('gives a batch with a plan back as if it had not been claimed', async () => {
    const { id } = await p.subscribe('/planned')
    await p.subscribe('/new')
    const trigger = await p.accept(aTrigger())
    // A part of a plan that was split comes with its plan.
    await p.sql`UPDATE batches SET base = number(), plan = ${[0, id, 1, 0]}::int[]`
    const known = await profileOf('/new')
    await setProfile(newerProfile, '/new')
    await p.startWorker(fastLeases)
    p.wakeUps.fanOut(trigger)
    const newer = await joinWorkers(p.sql, 'newer')
    await eventually(async () => (await p.sql`SELECT FROM batches WHERE owner IS NOT NULL`).length === 1, {
      everyMs: 1,
    })
    await eventually(async () => (await claimBatch(p.sql, asBatchId(trigger), newer))?.runs === 1, {
      everyMs: 1,
    })
    await p.sql`UPDATE batches SET owner = NULL, runs = 0`
    await setProfile(known, '/new')
    const [delivery] = await p.settled(trigger)
    expect(await p.attemptsOf(delivery.id)).toHaveLength(1)
  })

  it('keeps no lane of such a subscription from the newer worker', async () => {
    const { id } = await p.subscribe('/lane')
    p.receiver.setResponder(failing(500, 1))
    const trigger = await p.accept(aTrigger())
    const first = await p.startWorker(fastLeases)
    p.wakeUps.fanOut(trigger)
    await p.settled(trigger, (one) => one.attempts === 1)
    await first.stop()
    const known = await profileOf('/lane')
    await setProfile(newerProfile, '/lane')
    await p.startWorker(fastLeases)
    const newer = await joinWorkers(p.sql, 'newer')
    await eventually(async () => (await claimLane(p.sql, id, newer)) !== undefined, { everyMs: 1 })
    const seen = p.receiver.requests.length
    expect(seen).toBe(1)
    await p.sql`UPDATE lanes SET owner = NULL`
    await setProfile(known, '/lane')
    const [delivery] = await p.settled(trigger)
    expect(delivery.attempts).toBe(2)
  })
})

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually, queueBackends } from '@waybill/testing'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

const fastLeases = { HEARTBEAT_MS: '50', SELF_STOP_MS: '300', LEASE_MS: '600', SWEEP_MS: '100' }
const [backend] = queueBackends()
if (!backend) throw new Error('there is no queue backend')

describe('an outcome that the database refuses', () => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
    await p.sql`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.code = 218 THEN RAISE EXCEPTION 'out of range' USING ERRCODE = '22003'; END IF;
      RETURN NEW; END $$`
    await p.sql`CREATE TRIGGER refuse BEFORE INSERT ON attempts FOR EACH ROW EXECUTE FUNCTION refuse()`
  })
  afterEach(() => p.close())

  const requestsTo = (path: string) => p.receiver.requests.filter((one) => one.path === path).length

  it('keeps none beside it from being recorded, and is set aside after five', async () => {
    const well = ['/a', '/b', '/c', '/d']
    for (const path of well) await p.subscribe(path)
    const { id } = await p.subscribe('/refused')
    p.receiver.setResponder(({ path }) => ({ status: path === '/refused' ? 218 : 200 }))
    await p.startWorker(fastLeases)
    const trigger = await p.accept(...Array.from({ length: 10 }, () => aTrigger()))
    p.wakeUps.fanOut(trigger)
    await eventually(
      async () => {
        const set = await p.sql`SELECT 1 FROM deliveries WHERE subscription = ${id} AND err = 'quarantined'`
        return set.length === 10
      },
      { timeoutMs: 60_000 },
    )
    for (const path of well) expect([path, requestsTo(path)]).toEqual([path, 10])
    expect(requestsTo('/refused')).toBeLessThanOrEqual(50)
    expect(await p.sql`SELECT 1 FROM deliveries WHERE subscription <> ${id} AND status <> 2`).toHaveLength(0)
    expect(await p.batches()).toEqual([])
  })

  it('keeps no retry beside it from being recorded either', async () => {
    const { id } = await p.subscribe('/mixed')
    const seen = new Set<string | undefined>()
    let refused: string | undefined
    p.receiver.setResponder(({ webhookId }) => {
      if (!seen.has(webhookId)) return (seen.add(webhookId), { status: 500 })
      refused ??= webhookId
      return { status: webhookId === refused ? 218 : 200 }
    })
    await p.startWorker(fastLeases)
    const trigger = await p.accept(...Array.from({ length: 20 }, () => aTrigger()))
    p.wakeUps.fanOut(trigger)
    await eventually(
      async () =>
        (await p.sql`SELECT 1 FROM deliveries WHERE subscription = ${id} AND err = 'quarantined'`).length ===
        1,
      { timeoutMs: 60_000 },
    )
    const times = p.receiver.requests.filter((one) => one.webhookId !== refused).length
    expect(times).toBe(19 * 2)
    expect(await p.sql`SELECT 1 FROM deliveries WHERE status = 2`).toHaveLength(19)
  })

  it('leaves its worker alive when the database refuses to set it aside as well', async () => {
    await p.sql`CREATE FUNCTION refuse_death() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.crashes > OLD.crashes THEN RAISE EXCEPTION 'out of range' USING ERRCODE = '22003'; END IF;
      RETURN NEW; END $$`
    await p.sql`CREATE TRIGGER refuse_death BEFORE UPDATE ON due FOR EACH ROW EXECUTE FUNCTION refuse_death()`
    const { id } = await p.subscribe('/refused')
    let calls = 0
    p.receiver.setResponder(() => ({ status: (calls += 1) === 1 ? 500 : 218 }))
    await p.startWorker(fastLeases)
    const trigger = await p.accept(aTrigger())
    p.wakeUps.fanOut(trigger)
    await eventually(() => requestsTo('/refused') > 2, { timeoutMs: 60_000 })

    // Whoever writes attempts just now keeps the lock from it.
    await eventually(() => p.sql`DROP TRIGGER IF EXISTS refuse ON attempts`)
    await eventually(
      async () =>
        (await p.sql`SELECT 1 FROM deliveries WHERE subscription = ${id} AND status = 2`).length === 1,
      { timeoutMs: 60_000 },
    )
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { updateSubscription } from '@waybill/db'
import { profileCode } from '@waybill/domain'
import { eventually, queueBackends } from '@waybill/testing'
import {
  aTrigger,
  failing,
  occurrence,
  openPipeline,
  secret,
  yard,
  type Pipeline,
} from './support/pipeline.ts'

describe.each(queueBackends())('the pipeline on the $name queue', (backend) => {
  let p: Pipeline
  beforeAll(async () => {
    p = await openPipeline(backend)
    await p.startWorker()
  })
  afterAll(() => p.close())
  beforeEach(async () => {
    p.receiver.setResponder(() => ({ status: 200, body: 'ok' }))
    await p.sql`UPDATE subscriptions SET deleted_at = now(),
      changed_version = (SELECT version FROM config) + 1 WHERE deleted_at IS NULL`
    await p.sql`UPDATE config SET version = version + 1`
  })

  const send = async (...triggers: Parameters<Pipeline['accept']>) => {
    const batch = await p.accept(...triggers)
    p.wakeUps.fanOut(batch)
    return batch
  }
  const arrived = (path: string) => p.receiver.requests.filter((request) => request.path.startsWith(path))

  it('counts no death where the outcome of a retry is no longer wanted', async () => {
    await p.subscribe('/counted')
    p.receiver.setResponder(async () => {
      const seen = arrived('/counted').length
      // As if this attempt had been recorded by somebody else while it was under way.
      if (seen === 2) await p.sql`UPDATE deliveries SET attempts = 2 WHERE attempts = 1`
      return { status: seen < 3 ? 500 : 200 }
    })
    const [delivery] = await p.settled(await send(aTrigger()))
    expect((await p.attemptsOf(delivery.id)).map(({ n, err }) => [n, err])).toEqual([
      [1, 'unexpected_status'],
      [3, null],
    ])
  })

  it('delivers to every subscription that listens, signed so that the published library agrees', async () => {
    await p.subscribe('/all?k=9&sig=a%2Fb+c')
    await p.subscribe('/v2', { profile: profileCode('planomatic-v2') })
    await p.subscribe('/v3', { profile: profileCode('planomatic-v3') })
    await p.subscribe('/elsewhere', { filters: { eventIds: [] } })
    const trigger = await send(aTrigger('scheduled'))
    const found = await p.settled(trigger)
    expect(found.map((one) => new URL(one.url).pathname)).toEqual(['/all', '/v2'])
    const [request] = arrived('/all')
    expect(request?.path).toBe('/all?k=9&sig=a%2Fb+c')
    const verified = new Webhook(secret).verify(
      request?.body ?? '',
      request?.headers as Record<string, string>,
    )
    expect(verified).toMatchObject({ type: 'order.status.scheduled', data: { order_id: '40017' } })
    expect(arrived('/v2')[0]?.body).toContain('"order_status":"scheduled"')
    expect(await p.batches()).toEqual([])
  })

  it('sends order events to version 3 and not to version 2', async () => {
    await p.subscribe('/only-v2', { profile: profileCode('planomatic-v2') })
    await p.subscribe('/only-v3', { profile: profileCode('planomatic-v3') })
    const trigger = await send(aTrigger('order.delivered'))
    const found = await p.settled(trigger)
    expect(found.map((one) => new URL(one.url).pathname)).toEqual(['/only-v3'])
    expect(arrived('/only-v3')[0]?.body).toContain('"event":"order.delivered"')
  })

  it('keeps a trigger that nobody listens to and makes nothing of it', async () => {
    const trigger = await send(aTrigger())
    await eventually(async () => (await p.batches()).length === 0)
    expect(await p.deliveriesOf(trigger)).toEqual([])
  })

  it('retries on schedule with the same id and the same bytes, and records every attempt', async () => {
    await p.subscribe('/flaky')
    p.receiver.setResponder(failing(503, 2))
    const trigger = await send(aTrigger())
    const [delivery] = await p.settled(trigger)
    const requests = arrived('/flaky')
    expect(requests.map((request) => request.answered)).toEqual([503, 503, 200])
    expect(new Set(requests.map((request) => request.body)).size).toBe(1)
    expect(new Set(requests.map((request) => request.webhookId)).size).toBe(1)
    const attempts = await p.attemptsOf(delivery.id)
    expect(attempts.map(({ n, code }) => [n, code])).toEqual([
      [1, 503],
      [2, 503],
      [3, 200],
    ])
    // 5 s and 30 s on a clock fifty times as fast, measured from the answer before; chance adds up to a fifth.
    const [first, second, third] = attempts.map((attempt) => attempt.sentAt?.getTime() ?? 0)
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(99)
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(599)
  })

  it('keeps the shape a delivery was planned with when its subscription moves to another version', async () => {
    const { id } = await p.subscribe('/moving', { profile: profileCode('planomatic-v2'), state: 'paused' })
    p.receiver.setResponder(failing(503, 1))
    const trigger = await send(aTrigger('scheduled'))
    await p.settled(trigger, (one) => one.status === 1 && one.nextAttemptAt !== null)
    const [revision] = await p.sql<{ url: string }[]>`SELECT url FROM revisions WHERE subscription = ${id}`
    await updateSubscription(p.orm, 'test', yard, id, {
      profile: profileCode('planomatic-v3'),
      url: `${revision?.url}?moved`,
      state: 'active',
    })
    p.wakeUps.drain(id, 0)
    // Also when the failed one waits for its next attempt.
    const [delivery] = await p.settled(trigger, (one) => one.attempts > 0)
    await p.sql`UPDATE due SET due_at = now() WHERE delivery = ${delivery.id}`
    await p.sql`UPDATE lanes SET next_due_at = now() WHERE subscription = ${id}`
    const [settled] = await p.settled(trigger)
    expect(settled).toMatchObject({ attempts: 2, profile: profileCode('planomatic-v2') })
    const requests = arrived('/moving')
    expect(requests.map(({ path }) => path)).toEqual(['/moving?moved', '/moving?moved'])
    expect(requests[0]?.body).toContain('"order_status":"scheduled"')
    expect(requests[1]?.body).toBe(requests[0]?.body)
  })

  it('waits as long as Retry-After asks', async () => {
    await p.subscribe('/busy')
    p.receiver.setResponder(failing(429, 1, { 'retry-after': '2' }))
    const [delivery] = await p.settled(await send(aTrigger()))
    const [first, second] = await p.attemptsOf(delivery.id)
    expect((second?.sentAt?.getTime() ?? 0) - (first?.sentAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(1_990)
  })

  it('takes 410 as the end of the subscription', async () => {
    const gone = await p.subscribe('/gone')
    p.receiver.setResponder(() => ({ status: 410 }))
    const [delivery] = await p.settled(await send(aTrigger()), (one) => one.err === 'gone')
    expect(delivery).toMatchObject({ status: 3, attempts: 1, lastCode: 410, nextAttemptAt: null })
    await eventually(async () => {
      const [row] = await p.sql`SELECT state FROM subscriptions WHERE id = ${gone.id}`
      return row?.['state'] === 3
    })
  })

  it('honours a success code of the subscription', async () => {
    await p.subscribe('/only-201', { successCode: '201' })
    p.receiver.setResponder(() => ({ status: 200 }))
    const [delivery] = await p.settled(await send(aTrigger()), (one) => one.attempts > 1)
    expect(delivery.status).toBe(3)
    expect((await p.attemptsOf(delivery.id))[0]).toMatchObject({ code: 200, err: 'unexpected_status' })
    p.receiver.setResponder(() => ({ status: 201 }))
    await p.settled(delivery.trigger)
  })

  it('does not follow redirects', async () => {
    await p.subscribe('/moved')
    p.receiver.setResponder(() => ({ status: 302, headers: { location: `${p.receiver.url}/secret` } }))
    const [delivery] = await p.settled(await send(aTrigger()), (one) => one.attempts > 0)
    expect(delivery).toMatchObject({ status: 3, lastCode: 302 })
    const [attempt] = await p.attemptsOf(delivery.id)
    expect(attempt?.err).toBe('redirect_not_followed')
    expect(arrived('/secret')).toEqual([])
  })

  it('gives up on a receiver that hangs at the deadline and keeps at most 16 KiB of an answer', async () => {
    await p.subscribe('/hang', { timeoutMs: 300 })
    p.receiver.setResponder(() => ({ hang: true }))
    const [hung] = await p.settled(await send(aTrigger()), (one) => one.attempts > 0)
    const [attempt] = await p.attemptsOf(hung.id)
    expect(attempt).toMatchObject({ code: null, err: 'timeout' })
    expect(attempt?.ms).toBeGreaterThanOrEqual(290)
    p.receiver.setResponder(() => ({ status: 200, body: 'x'.repeat(100_000) }))
    const [delivery] = await p.settled(hung.trigger)
    const attempts = await p.attemptsOf(delivery.id)
    expect(attempts.at(-1)?.responseBody?.length).toBe(16_384)
  })

  it('stores what a receiver answers byte for byte, whatever it is', async () => {
    await p.subscribe('/odd')
    const body = '\u0000"\\é\uFFFD,{}NULL'
    p.receiver.setResponder(() => ({ status: 200, body, headers: { 'x-odd': '"\\{},' } }))
    const [delivery] = await p.settled(await send(aTrigger()))
    const [attempt] = await p.attemptsOf(delivery.id)
    expect(attempt?.responseBody?.toString()).toBe(body)
    expect(JSON.parse(attempt?.responseHeaders ?? '')).toMatchObject({ 'x-odd': '"\\{},' })
  })

  it('sends a repeated occurrence once and shows the repetition as duplicated', async () => {
    await p.subscribe('/once')
    const seenTwice = aTrigger('scheduled', { occurrence: occurrence('o-1') })
    await p.settled(await send(seenTwice))
    const two = await send(seenTwice)
    const [duplicate] = await p.settled(two, (delivery) => delivery.status === 5)
    expect(duplicate).toMatchObject({ attempts: 0, nextAttemptAt: null })
    expect(arrived('/once')).toHaveLength(1)
  })

  it('holds deliveries of a paused subscription until it is active again', async () => {
    const paused = await p.subscribe('/paused', { state: 'paused' })
    const trigger = await send(aTrigger())
    await p.settled(trigger, (one) => one.status === 1 && one.nextAttemptAt !== null)
    p.wakeUps.drain(paused.id, 0)
    await p.sql`UPDATE subscriptions SET state = 1, changed_version = (SELECT version FROM config) + 1
      WHERE id = ${paused.id}`
    await p.sql`UPDATE config SET version = version + 1`
    p.wakeUps.drain(paused.id, 600)
    await p.settled(trigger)
    expect(arrived('/paused')).toHaveLength(1)
  })

  it('does not match a subscription that is younger than the trigger', async () => {
    const trigger = await p.accept(aTrigger())
    await p.subscribe('/young')
    p.wakeUps.fanOut(trigger)
    await eventually(async () => (await p.batches()).length === 0)
    expect(await p.deliveriesOf(trigger)).toEqual([])
  })

  it('splits a plan of more than 500 deliveries and sends every one of them once', async () => {
    const subscription = await p.subscribe('/many', { inFlightLimit: 100 })
    const triggers = Array.from({ length: 601 }, (_, i) => aTrigger('scheduled', { orderId: String(i) }))
    await send(...triggers)
    await eventually(async () => {
      const [row] = await p.sql`SELECT count(*)::int AS n FROM deliveries
        WHERE subscription = ${subscription.id} AND status = 2`
      return row?.['n'] === 601
    })
    expect(new Set(arrived('/many').map((request) => request.webhookId)).size).toBe(601)
    expect(arrived('/many')).toHaveLength(601)
    expect(await p.batches()).toEqual([])
  })

  it('changes nothing when a job is repeated, early, or about a batch or lane that is gone', async () => {
    const subscription = await p.subscribe('/repeat')
    p.receiver.setResponder(failing(500, 1))
    const trigger = await send(aTrigger())
    await p.settled(trigger, (one) => one.attempts > 0)
    for (let i = 0; i < 10; i += 1) {
      p.wakeUps.fanOut(trigger)
      p.wakeUps.drain(subscription.id, 0)
    }
    p.wakeUps.fanOut(1)
    p.wakeUps.drain(999_999, 0)
    const [delivery] = await p.settled(trigger)
    const attempts = await p.attemptsOf(delivery.id)
    expect(attempts).toHaveLength(2)
    expect(
      (attempts[1]?.sentAt?.getTime() ?? 0) - (attempts[0]?.sentAt?.getTime() ?? 0),
    ).toBeGreaterThanOrEqual(99)
    expect(arrived('/repeat')).toHaveLength(2)
  })
})

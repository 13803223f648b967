import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { attemptId, asDeliveryId } from '@waybill/domain'
import {
  eventName,
  expectDocument,
  expectErrors,
  hook,
  root,
  sha256,
  startPlanningCenter,
  type PlanningCenter,
} from './support/planning-center.ts'

/** A posted document goes through as it came, so the body of an attempt can be written down here. */
const posted = '{"data":{"type":"Order","id":"A-7","attributes":{"total":1.10}}}'

let pco: PlanningCenter
let subscription: number
let event: number
let at: string
beforeAll(async () => {
  pco = await startPlanningCenter()
  subscription = await pco.subscribe()
  event = await pco.seed(subscription, 'failed', await acceptDocument())
  at = `/webhook_subscriptions/${subscription}/events/${event}/deliveries`
  await pco.api.database.sql`DELETE FROM attempts WHERE delivery = ${event}::bigint`
  await attempt({ n: 1, code: 500, ms: 1_420, body: Buffer.from('no'), headers: '{"server":"rx"}' })
  await attempt({ n: 2, code: null, ms: 15_000, body: null, headers: null })
  await attempt({ n: 3, code: 204, ms: 7, body: null, headers: '{}' })
})
afterAll(() => pco.close())

async function acceptDocument(): Promise<number> {
  const text = JSON.stringify({
    integration_id: 12,
    kind: 'order_event',
    name: 'order.delivered',
    order_id: 'A-7',
  })
  const answer = await fetch(`${pco.api.url}/v1/triggers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${pco.api.tokens.ours}`, 'content-type': 'application/json' },
    body: `${text.slice(0, -1)},"order":${posted}}`,
  })
  const { id } = (await answer.json()) as { id: string }
  return pco.api.deps.publicIds.decode('trigger', id) as number
}

const uuidOf = (id: number) => pco.api.deps.publicIds.encode('delivery', asDeliveryId(id))

/** The body of the n-th attempt as the vendor documents it, put together here. */
const bodyOf = (n: number) =>
  `{"data":[{"id":"${uuidOf(event)}","type":"EventDelivery","attributes":{"name":"${eventName}","attempt":${n},` +
  `"payload":${JSON.stringify(posted)}},"relationships":{"organization":{"data":{"type":"Organization","id":"12"}}}}]}`

type Sent = { n: number; code: number | null; ms: number; body: Buffer | null; headers: string | null }

async function attempt({ n, code, ms, body, headers }: Sent): Promise<void> {
  await pco.api.database.sql`
    INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, body_hash, signature, response_headers,
      response_body)
    VALUES (${event}::bigint, ${n}::smallint, 1, 1, ${`2025-03-04T10:0${n}:00Z`}::timestamptz, ${ms}::int,
      ${code}::smallint, ${sha256(bodyOf(n))}, 'abc123', ${headers}::text, ${body})`
}

const read = async (n: number) => {
  const answer = await pco.call('get', `${at}/${attemptId(asDeliveryId(event), n)}`)
  expectDocument(answer, 'one Delivery')
  return answer.body.data
}
const idsOf = (answer: { body: { data: { id: string }[] } }) =>
  answer.body.data.map((one) => Number(one.id.slice(-1)))

describe('the list of deliveries', () => {
  it('GET deliveries lists the attempts of the event, the first one first', async () => {
    const answer = await pco.call('get', at)
    expectDocument(answer, 'many Delivery')
    expect(idsOf(answer)).toEqual([1, 2, 3])
    expect(answer.body.meta).toMatchObject({
      total_count: 3,
      count: 3,
      can_order_by: ['created_at'],
      can_query_by: [],
      parent: { id: String(event), type: 'Event' },
    })
  })

  it('order=-created_at sorts the last one first, and pages work', async () => {
    expect(idsOf(await pco.call('get', `${at}?order=-created_at`))).toEqual([3, 2, 1])
    const page = await pco.call('get', `${at}?order=created_at&per_page=2&offset=1`)
    expectDocument(page, 'many Delivery')
    expect([idsOf(page), page.body.meta.prev, page.body.meta.next]).toEqual([
      [2, 3],
      { offset: 0 },
      undefined,
    ])
    expectErrors(await pco.call('get', `${at}?order=status`), 400)
    expectErrors(await pco.call('get', `${at}?where[status]=500`), 400)
  })

  it('is empty for an event that was never sent', async () => {
    const pending = await pco.seed(subscription, 'skipped')
    await pco.api.database.sql`DELETE FROM attempts WHERE delivery = ${pending}::bigint`
    const answer = await pco.call('get', `/subscriptions/${subscription}/events/${pending}/deliveries`)
    expectDocument(answer, 'many Delivery')
    expect(answer.body.data).toEqual([])
  })
})

describe('a delivery', () => {
  it('GET deliveries/{id} reads it, with its event', async () => {
    const data = await read(1)
    expect(data.relationships.event.data).toEqual({ type: 'Event', id: String(event) })
    expect(data.links.self).toBe(`${pco.api.url}${root}${at}/${data.id}`)
  })

  it('status is the HTTP status as an integer, and null without an answer', async () => {
    expect((await read(1)).attributes.status).toBe(500)
    expect((await read(2)).attributes.status).toBeNull()
  })

  it('timing is in seconds', async () => {
    expect((await read(1)).attributes.timing).toBe(1.42)
    expect((await read(3)).attributes.timing).toBe(0.007)
  })

  it('created_at is when it was sent, updated_at when it was answered', async () => {
    expect((await read(2)).attributes).toMatchObject({
      created_at: '2025-03-04T10:02:00Z',
      updated_at: '2025-03-04T10:02:15Z',
    })
  })

  it('request_body is what was sent, byte for byte, with the number of the attempt', async () => {
    for (const n of [1, 2, 3]) {
      const body = (await read(n)).attributes.request_body
      expect(body).toBe(bodyOf(n))
      const [row] = await pco.api.database.sql<{ hash: Buffer }[]>`
        SELECT body_hash AS hash FROM attempts WHERE delivery = ${event}::bigint AND n = ${n}::smallint`
      expect(sha256(body)).toEqual(row?.hash)
    }
  })

  it('request_body is null where the hash tells that something else was sent', async () => {
    await pco.api.database.sql`
      INSERT INTO attempts (delivery, n, generation, revision, sent_at, body_hash)
      VALUES (${event}::bigint, 4, 1, 1, now(), ${sha256('something else')})`
    expect((await read(4)).attributes.request_body).toBeNull()
    await pco.api.database.sql`DELETE FROM attempts WHERE delivery = ${event}::bigint AND n = 4`
  })

  it('request_headers is JSON text of the webhook’s headers', async () => {
    const [row] = await pco.api.database.sql<{ at: Date }[]>`
      SELECT t.created_at AS at FROM triggers t JOIN deliveries d ON d.trigger = t.id WHERE d.id = ${event}::bigint`
    expect(JSON.parse((await read(1)).attributes.request_headers)).toEqual({
      'Content-Type': 'application/json',
      'X-PCO-Webhooks-Event-ID': String(event),
      'X-PCO-Webhooks-Event': uuidOf(event),
      'X-PCO-Webhooks-Name': eventName,
      'X-PCO-Webhooks-Event-Time': row?.at.toISOString(),
      'X-PCO-Webhooks-Authenticity': 'abc123',
    })
  })

  it('response_headers is JSON text and response_body text, null without an answer', async () => {
    const answers = await Promise.all([1, 2, 3].map(async (n) => (await read(n)).attributes))
    expect(answers.map((one) => [one.response_headers, one.response_body])).toEqual([
      ['{"server":"rx"}', 'no'],
      [null, null],
      ['{}', ''],
    ])
  })

  it('object_url is the URL that this attempt called', async () => {
    const { sql } = pco.api.database
    await sql`
      INSERT INTO revisions (subscription, revision, name, url)
      VALUES (${subscription}::int, 2, ${eventName}, 'https://other.example.com/')`
    await sql`UPDATE attempts SET revision = 2 WHERE delivery = ${event}::bigint AND n = 3`
    expect((await read(1)).attributes.object_url).toBe(hook)
    expect((await read(3)).attributes.object_url).toBe('https://other.example.com/')
  })

  it('of a worker that died has neither answer nor time', async () => {
    await pco.api.database.sql`
      INSERT INTO attempts (delivery, n, generation, revision, err) VALUES (${event}::bigint, 4, 1, 1, 'unknown')`
    expect((await read(4)).attributes).toMatchObject({
      status: null,
      timing: null,
      response_body: null,
      request_body: bodyOf(4),
    })
    await pco.api.database.sql`DELETE FROM attempts WHERE delivery = ${event}::bigint AND n = 4`
  })

  it('is 404 beside another event, and for what is no id of an attempt', async () => {
    const other = await pco.seed(subscription, 'failed')
    const foreign = attemptId(asDeliveryId(other), 1)
    const unknown = attemptId(asDeliveryId(event), 9)
    for (const id of [
      foreign,
      unknown,
      event,
      0,
      'x',
      '1',
      '99999999999999999999',
      '999999999999999999999',
      '%00',
    ])
      expectErrors(await pco.call('get', `${at}/${id}`), 404)
  })
})

import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { profileCode, statusCode } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import {
  expectDocument,
  expectErrors,
  newApplication,
  root,
  startPlanningCenter,
  type Application,
  type PlanningCenter,
} from './support/planning-center.ts'
import { ours } from './support/start-test-api.ts'

const rows = 100
/** Half of it is escaped again in each text around it. */
const note = '"x'.repeat(75_000)

let pco: PlanningCenter
let subscription: number
let at: string
let ids: number[]
beforeAll(async () => {
  pco = await startPlanningCenter()
  subscription = await pco.subscribe()
  at = `/webhook_subscriptions/${subscription}/events`
  const trigger = await pco.accept({ order: { note } })
  const made = await pco.api.database.sql<{ id: number }[]>`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
      attempts, last_code, created_at, last_sent_at)
    SELECT number(), ${trigger}::bigint, ${ours}::int, ${subscription}::int, 1, ${profileCode('planning-center')}::smallint,
      ${statusCode('delivered')}::smallint, 110, 1, 1, 200, now(), now()
    FROM generate_series(1, ${rows}::int) RETURNING id`
  ids = made.map(({ id }) => id).toSorted((a, b) => a - b)
  await pco.api.database.sql`DELETE FROM batches`
  await pco.api.database.sql`
    INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, response_body)
    SELECT ${ids[0] ?? 0}::bigint, n::smallint, 1, 1, now(), 12, 200, 'ok'::bytea FROM generate_series(1, ${rows}::int) AS n`
})
afterAll(() => pco.close())

const open: IncomingMessage[] = []
const heavy = '?per_page=100'

/** Asks, and reads nothing of the answer but its head. */
async function ask(
  path: string,
  by: Application = pco.application,
  method = 'GET',
): Promise<IncomingMessage> {
  const auth = `${by.id}:${by.token}`
  const asked = request(pco.api.url + root + path, { method, auth, agent: false })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.on('error', () => {})
  open.push(answer)
  return answer
}

const hangUp = () => open.splice(0).forEach((answer) => answer.destroy())
const small = async () =>
  (
    await fetch(`${pco.api.url}/v1/subscriptions`, {
      headers: { authorization: `Bearer ${pco.api.tokens.theirs}` },
    })
  ).status

type Listed = {
  data: { id: string; attributes: { payload: string } }[]
  meta: { count: number; total_count: number; next?: object; prev?: object }
  links: object
}
const read = async (answer: IncomingMessage) => JSON.parse(await text(answer)) as Listed

describe('a page of many megabytes', () => {
  it('has every row that was asked for, in order and whole', async () => {
    const answer = await ask(at + heavy)
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'application/vnd.api+json; charset=utf-8',
      'no-store',
    ])
    const page = await read(answer)
    expect(page.data.map(({ id }) => Number(id))).toEqual(ids)
    expect(page.meta).toMatchObject({ count: rows, total_count: rows })
    const one = await pco.call('get', `${at}/${ids[99]}`)
    expect(page.data[99]).toEqual(one.body.data)
    expect(JSON.parse(one.body.data.attributes.payload).data.attributes).toEqual({ note })
  })

  it('keeps per_page, offset and order exact', async () => {
    const page = await pco.call('get', `${at}?per_page=30&offset=20&order=-created_at`)
    expectDocument(page, 'many Event')
    expect(page.body.data.map(({ id }: { id: string }) => Number(id))).toEqual(ids.toReversed().slice(20, 50))
    expect(page.body.meta).toMatchObject({ count: 30, next: { offset: 50 }, prev: { offset: 0 } })
  })

  it('answers HEAD with its head alone', async () => {
    const answer = await ask(at + heavy, pco.application, 'HEAD')
    expect([answer.statusCode, await text(answer)]).toEqual([200, ''])
  })

  it('is as exact for the deliveries of one event', async () => {
    const page = await read(await ask(`${at}/${ids[0]}/deliveries${heavy}`))
    expect(page.data.map(({ id }) => Number(id.slice(-4)))).toEqual(
      Array.from({ length: rows }, (_, i) => i + 1),
    )
    const one = await pco.call('get', `${at}/${ids[0]}/deliveries/${page.data[41]?.id}`)
    expect(page.data[41]).toEqual(one.body.data)
    expect(JSON.parse(one.body.data.attributes.request_body).data[0].attributes.attempt).toBe(42)
  })
})

describe('many such pages at once', () => {
  it('leave time for others: small calls are answered all the while', async () => {
    let reading = true
    const pages = Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const answer = await ask(i % 2 === 0 ? at + heavy : `${at}/${ids[0]}/deliveries${heavy}`)
        let bytes = 0
        for await (const chunk of answer) bytes += (chunk as Buffer).length
        return [answer.statusCode, bytes > 15_000_000]
      }),
    ).finally(() => (reading = false))
    const seen: [status: number, ms: number][] = []
    while (reading) {
      const startedAt = performance.now()
      seen.push([await small(), performance.now() - startedAt])
    }
    expect(await pages).toEqual(Array.from({ length: 6 }, () => [200, true]))
    expect(new Set(seen.map(([status]) => status))).toEqual(new Set([200]))
    // Far more than one for each page, which is what there would be if a page were made in one go.
    expect(seen.length).toBeGreaterThan(30)
    expect(Math.max(...seen.map(([, ms]) => ms))).toBeLessThan(5_000)
  })

  it('hold little memory when nobody reads them, and one too many is refused: 429 for its token, 503 for others', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = () => {
      collect()
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    const before = held()
    const [second, third] = [await newApplication(pco.api), await newApplication(pco.api)]
    const first = pco.application
    for (const by of [first, second])
      for (let i = 0; i < 8; i += 1) expect((await ask(at + heavy, by)).statusCode).toBe(200)
    // Each of these answers has more than 20 MB.
    expect(held() - before).toBeLessThan(100_000_000)
    const refused = await pco.call('get', at + heavy, first)
    expectErrors(refused, 429)
    expect(refused.headers['retry-after']).toBe('1')
    const crowded = await pco.call('get', `${at}/${ids[0]}/deliveries${heavy}`, third)
    expectErrors(crowded, 503)
    expect(crowded.headers['retry-after']).toBe('1')
    expectDocument(await pco.call('get', `${at}?per_page=2`, first), 'many Event')
    expect(await small()).toBe(200)
    hangUp()
    await eventually(async () => {
      const again = await ask(at + heavy, first)
      return again.statusCode === 200 && (await read(again)).data.length === rows
    })
  })

  it('break off where the database fails on the way, which is logged', async () => {
    const answer = await ask(at + heavy)
    const before = pco.api.log.length
    await pco.api.database.sql`ALTER TABLE triggers RENAME TO triggers_away`
    try {
      await expect(text(answer)).rejects.toThrow(/aborted/)
    } finally {
      await pco.api.database.sql`ALTER TABLE triggers_away RENAME TO triggers`
    }
    await eventually(() => pco.api.log.slice(before).some((line) => line.includes('request.failed')))
    expect((await read(await ask(at + heavy))).data).toHaveLength(rows)
  })
})

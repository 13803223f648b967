import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { profileCode, statusCode } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import { seedLog } from './support/seed-log.ts'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

const deliveries = 50
const attempts = 150
const shown = 100
const body = 'x'.repeat(16_384)

let api: TestApi
const paths = { logs: '/api/v2/public/webhooks/logs?limit=100', trigger: '', delivery: '' }
const posted: string[] = []
beforeAll(async () => {
  api = await startTestApi()
  const { sql } = api.database
  const hook = await post('/api/v2/public/webhooks/facility', {
    url: 'https://clinic.example.com/in',
    events: ['all'],
  })
  const webhook = api.deps.publicIds.decode('subscription', hook.body.data.id) as number
  const data = JSON.stringify({ shiftId: '880012', facilityId: 'NUR-000042', reason: 'x'.repeat(200_000) })
  const busy = { code: 503, err: 'unexpected_status', body: 'busy' }
  for (let i = 0; i < 10; i += 1)
    await seedLog(api.database, { integration: ours, subscription: webhook, data, attempts: [busy, busy] })

  const made = await post('/v1/subscriptions', { name: 'CRM', url: 'https://crm.example.com/' })
  const subscription = api.deps.publicIds.decode('subscription', made.body.id) as number
  posted.push((await post('/v1/triggers', trigger())).body.id)
  const of = api.deps.publicIds.decode('trigger', posted[0] ?? '') as number
  const ids = await sql<{ id: number }[]>`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
      attempts, last_code, created_at, last_sent_at)
    SELECT number(), ${of}::bigint, ${ours}::int, ${subscription}::int, 1, ${profileCode('standard')}::smallint,
      ${statusCode('delivered')}::smallint, 110, 1, ${attempts}::smallint, 200, now(), now()
    FROM generate_series(1, ${deliveries}::int) RETURNING id`
  // Few of them of every delivery, and many of one.
  await sql`
    INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, response_body)
    SELECT d.id, n::smallint, 1, 1, now(), 12, 200, ${body}::text::bytea
    FROM deliveries d, generate_series(1, ${attempts}::int) AS n
    WHERE d.trigger = ${of}::bigint AND (d.id = ${ids[0]?.id ?? 0}::bigint OR n > ${attempts}::int - 4)`
  paths.trigger = `/v1/triggers/${posted[0]}`
  paths.delivery = `/v1/deliveries/${api.deps.publicIds.encode('delivery', ids[0]?.id as never)}`
})
afterAll(() => api.close())

const post = (path: string, content: object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).send(content)

const open: IncomingMessage[] = []
afterEach(() => open.splice(0).forEach((answer) => answer.destroy()))

/** Asks, and reads nothing of the answer but its head. */
async function ask(path: string, token = api.tokens.ours): Promise<IncomingMessage> {
  const asked = request(api.url + path, { headers: { authorization: `Bearer ${token}` }, agent: false })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.on('error', () => {})
  open.push(answer)
  return answer
}
const kinds = ['logs', 'trigger', 'delivery'] as const
type Told = { data?: unknown[]; deliveries?: { attempts: unknown[] }[]; attempts?: { n: number }[] }

describe('an answer of megabytes', () => {
  it.each(kinds)('is made while it is sent, and whole: %s', async (kind) => {
    const answer = await ask(paths[kind])
    expect(answer.headers['transfer-encoding']).toBe('chunked')
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    const whole = await text(answer)
    expect(whole.length).toBeGreaterThan(1_500_000)
    const told = JSON.parse(whole) as Told
    expect([told.data?.length ?? 0, told.deliveries?.length ?? 0, told.attempts?.length ?? 0]).toEqual([
      kind === 'logs' ? 10 : 0,
      kind === 'trigger' ? deliveries : 0,
      kind === 'delivery' ? shown : 0,
    ])
  })

  it('shows the last attempts of a delivery that has many, in order', async () => {
    const numbers = Array.from({ length: shown }, (_, i) => attempts - shown + 1 + i)
    const read = async (path: string) => JSON.parse(await text(await ask(path))) as Told
    expect((await read(paths.delivery)).attempts?.map(({ n }) => n)).toEqual(numbers)
    const lengths = (await read(paths.trigger)).deliveries?.map((one) => one.attempts.length)
    expect(lengths?.toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: deliveries - 1 }, () => 4),
      shown,
    ])
  })

  it.each([
    ['logs', 429],
    ['trigger', 429],
  ] as const)('is one of a few that a token may have under way: %s', async (kind, status) => {
    const under = await Promise.all(Array.from({ length: 8 }, () => ask(paths[kind])))
    const refused = await ask(paths[kind])
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([status, '1'])
    under.forEach((answer) => answer.destroy())
    await eventually(async () => {
      const next = await ask(paths[kind])
      next.destroy()
      return next.statusCode !== status
    })
  })
})

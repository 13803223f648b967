import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import { startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

describe('a request nobody asked for', () => {
  it.each<[string, string, number, string, string | null]>([
    ['GET', '/', 404, 'not_found', null],
    ['GET', '/v1/nope', 404, 'not_found', null],
    ['GET', '/v1/events/%E0%A4%A', 400, 'malformed_path', null],
    ['GET', '/v1/deliveries/%E0%A4%A', 400, 'malformed_path', null],
    ['GET', '/v1/triggers', 405, 'method_not_allowed', 'POST'],
    ['PUT', '/v1/triggers/batch', 405, 'method_not_allowed', 'POST'],
    ['PUT', '/v1/subscriptions', 405, 'method_not_allowed', 'POST, GET, HEAD'],
    ['POST', '/v1/deliveries', 405, 'method_not_allowed', 'GET, HEAD'],
    ['DELETE', '/v1/deliveries/x', 405, 'method_not_allowed', 'GET, HEAD'],
    ['POST', '/livez', 405, 'method_not_allowed', 'GET, HEAD'],
    ['OPTIONS', '/v1/triggers', 405, 'method_not_allowed', 'POST'],
  ])('%s %s gets %i %s', async (method, path, status, code, allow) => {
    const response = await fetch(api.url + path, { method, headers: { origin: 'https://evil.example.com' } })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ status, code, request_id: expect.any(String) })
    expect(response.headers.get('allow')).toBe(allow)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('x-powered-by')).toBeNull()
  })

  it('gets its request id echoed unless it could forge something', async () => {
    const ask = async (id: string) =>
      (await supertest(api.url).get('/v1/nope').set('X-Request-Id', id)).body.request_id
    expect(await ask('trace-1')).toBe('trace-1')
    expect(await ask('a b"<')).toMatch(/^[0-9a-f-]{36}$/)
    expect(await ask('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('gets 500 internal_error for a bug of ours, which is logged and not shown', async () => {
    const { encode } = api.deps.publicIds
    api.deps.publicIds.encode = () => {
      throw new TypeError('a bug in line 7')
    }
    const answer = await supertest(api.url)
      .post('/v1/triggers')
      .auth(api.tokens.ours, { type: 'bearer' })
      .send(trigger())
    api.deps.publicIds.encode = encode
    expect([answer.status, answer.body.code]).toEqual([500, 'internal_error'])
    expect(answer.text).not.toContain('line 7')
    await eventually(() => api.log.some((line) => line.includes('a bug in line 7')))
  })
})

describe('the probes', () => {
  it('say that the process lives and is ready', async () => {
    await eventually(() => api.deps.wakeUps.ready())
    expect((await supertest(api.url).get('/livez')).body).toEqual({ status: 'ok' })
    const ready = await supertest(api.url).get('/readyz?verbose')
    expect(ready.status).toBe(200)
    expect(ready.body).toMatchObject({
      status: 'ready',
      checks: {
        database: { ok: true },
        migrations: { ok: true },
        partitions: { ok: true },
        queue: { ok: true },
      },
    })
    expect((await supertest(api.url).get('/healthz')).body).toEqual({ status: 'ready' })
  })

  it('stay green without a queue, and say degraded', async () => {
    const degraded = await startTestApi({ env: { REDIS_URL: 'redis://127.0.0.1:1' } })
    const ready = await supertest(degraded.url).get('/readyz?verbose')
    expect([ready.status, ready.body.status, ready.body.checks.queue.ok]).toEqual([200, 'degraded', false])
    const answer = await supertest(degraded.url)
      .post('/v1/triggers')
      .auth(degraded.tokens.ours, { type: 'bearer' })
      .send(trigger())
    expect(answer.status).toBe(202)
    await degraded.close()
  })

  it('turn red when partitions run out', async () => {
    await api.database.sql`
      DO $$ DECLARE t text; BEGIN
        FOR t IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'attempts'::regclass
          ORDER BY 1 OFFSET 1 LOOP
          EXECUTE 'DROP TABLE ' || t; END LOOP; END $$`
    const ready = await supertest(api.url).get('/readyz?verbose')
    expect([ready.status, ready.body.checks.partitions.ok]).toEqual([503, false])
  })

  it('count what was accepted and answered', async () => {
    await supertest(api.url).post('/v1/triggers').auth(api.tokens.ours, { type: 'bearer' }).send(trigger())
    const text = await api.deps.metrics.registry.metrics()
    expect(text).toMatch(/waybill_triggers_accepted_total [1-9]/)
    expect(text).toMatch(
      /waybill_http_requests_total\{route="\/v1\/triggers",method="POST",status="2xx"\} [1-9]/,
    )
    expect(text).toMatch(/waybill_http_requests_total\{route="other",method="GET",status="4xx"\} [1-9]/)
    expect(text).toContain('waybill_accept_flush_rows_bucket')
    expect(text).toContain('waybill_queue_ready 1')
    expect(text).toContain('waybill_wake_ups_dropped')
  })
})

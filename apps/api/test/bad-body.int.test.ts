import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const good = JSON.stringify(trigger())
const send = (body: string | Buffer, headers: Record<string, string> = {}, path = '/v1/triggers') =>
  supertest(api.url)
    .post(path)
    .auth(api.tokens.ours, { type: 'bearer' })
    .set({ 'Content-Type': 'application/json', ...headers })
    .serialize((raw: string) => raw)
    .send(body as string)
const nested = (depth: number) => `{"order":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
const keys = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')}}`

describe('a body that cannot be read', () => {
  it.each<[string, string, number, string, string?]>([
    ['nothing', '', 400, 'body_required'],
    ['no JSON', 'hello', 400, 'invalid_json', 'line 1, column 1'],
    ['a trailing comma', '{"a":1,}', 400, 'invalid_json', 'line 1, column 8'],
    ['a cut text', '{"a":\n"b', 400, 'invalid_json', 'line 2, column 3'],
    ['NaN', '{"a":NaN}', 400, 'invalid_json', 'line 1, column 6'],
    ['33 levels', nested(33), 400, 'json_too_deep'],
    ['100,000 levels', nested(100_000), 400, 'json_too_deep'],
    ['an array', '[]', 422, 'body_must_be_object'],
    ['a text', '"x"', 422, 'body_must_be_object'],
    ['null', 'null', 422, 'body_must_be_object'],
    ['a forbidden key', '{"order":{"a":{"__proto__":{"x":1}}}}', 422, 'forbidden_key'],
    ['an escaped forbidden key', '{"order":{"__pr\\u006fto__":1}}', 422, 'forbidden_key'],
    ['constructor as a key', '{"constructor":1}', 422, 'forbidden_key'],
    ['a NUL in a text', '{"order":{"a":["x\\u0000"]}}', 422, 'nul_character'],
    ['a NUL in a key', '{"order":{"\\u0000":1}}', 422, 'nul_character'],
    ['100,000 elements', `{"order":[${'0,'.repeat(99_999)}0]}`, 422, 'too_many_items'],
  ])('of %s is refused', async (_what, body, status, code, detail = '') => {
    const answer = await send(body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.body.detail).toContain(detail)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('lets 32 levels, and a backslash before u0000, through to the fields', async () => {
    expect((await send(nested(32))).body.code).toBe('validation_failed')
    expect((await send(JSON.stringify(trigger({ order: { a: 'x\\u0000' } })))).status).toBe(202)
    expect((await send(JSON.stringify(trigger({ order: { a: 'constructor' } })))).status).toBe(202)
  })

  it('refuses 50,000 keys in a batch', async () => {
    const answer = await send(`{"triggers":[${keys(50_000)}]}`, {}, '/v1/triggers/batch')
    expect([answer.status, answer.body.code]).toEqual([422, 'too_many_items'])
    expect(answer.body.errors[0].pointer).toBe('/triggers/0')
  })

  it('names the offset of the byte that is no UTF-8', async () => {
    const answer = await send(Buffer.from([0x7b, 0x22, 0xc3, 0xbc, 0xc3, 0x28, 0x22, 0x7d]))
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_utf8'])
    expect(answer.body.detail).toContain('offset 4')
  })

  it.each([
    [{ 'Content-Type': 'text/plain' }, 'unsupported_media_type'],
    [{ 'Content-Type': 'application/x-www-form-urlencoded' }, 'unsupported_media_type'],
    [{ 'Content-Type': 'application/json; charset=utf-16' }, 'unsupported_charset'],
    [{ 'Content-Encoding': 'gzip' }, 'content_encoding_not_supported'],
  ])('with %j is refused with 415', async (headers, code) => {
    const answer = await send(good, headers)
    expect([answer.status, answer.body.code]).toEqual([415, code])
  })

  it('without a Content-Type is refused with 415', async () => {
    const answer = await exchange(`Content-Length: ${good.length}`, good)
    expect(answer).toMatch(/^HTTP\/1.1 415 [^]*"code":"unsupported_media_type"/)
  })
})

/** One request over a bare socket; resolves with what came back before the connection ended or `until` was seen. */
function exchange(headers: string, body: string | (() => string), until = /\}$/): Promise<string> {
  const { hostname, port } = new URL(api.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString()
      if (until.test(seen)) socket.end()
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(seen))
    socket.write(
      `POST /v1/triggers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.tokens.ours}\r\n${headers}\r\n\r\n`,
    )
    if (typeof body === 'string') socket.write(body)
    else pour(socket, body)
  })
}

function pour(socket: ReturnType<typeof connect>, next: () => string): void {
  const write = (): void => {
    while (socket.writable && socket.write(next())) if (!socket.writable) return
  }
  socket.on('drain', write)
  write()
}

describe('a body that is too large', () => {
  it('is refused by its Content-Length, before a byte of it came', async () => {
    const answer = await exchange('Content-Type: application/json\r\nContent-Length: 262145', '')
    expect(answer).toMatch(/^HTTP\/1.1 413 [^]*connection: close[^]*"code":"payload_too_large"/i)
    expect(answer).toContain('262144 bytes')
  })

  it('is cut off at the limit when it is chunked and endless', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const headers = 'Content-Type: application/json\r\nTransfer-Encoding: chunked'
    expect(await exchange(headers, () => chunk)).toMatch(/^HTTP\/1.1 413 [^]*"code":"payload_too_large"/)
  })

  it('may have 4 MiB in a batch', async () => {
    const answer = await send(' '.repeat(4 * 1_048_576 + 1), {}, '/v1/triggers/batch')
    expect([answer.status, answer.body.code]).toEqual([413, 'payload_too_large'])
    const triggers = Array.from({ length: 20 }, () => trigger({ order: { note: 'x'.repeat(200_000) } }))
    expect((await send(JSON.stringify({ triggers }), {}, '/v1/triggers/batch')).status).toBe(202)
  })
})

describe('a request that is no HTTP', () => {
  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ['length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
  ])('with %s is refused with 400', async (_what, headers) => {
    expect(await exchange(headers, '', /\r\n\r\n/)).toMatch(/^HTTP\/1.1 400 /)
  })

  it('with headers over 16 KiB, or more than 100 of them, is refused with 431', async () => {
    expect(await exchange(`X-Big: ${'x'.repeat(17_000)}`, '', /\r\n\r\n/)).toMatch(/^HTTP\/1.1 431 /)
    const many = Array.from({ length: 101 }, (_, i) => `X-${i}: 1`).join('\r\n')
    expect(await exchange(many, '')).toMatch(/^HTTP\/1.1 431 [^]*"code":"too_many_headers"/)
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { findPrincipal, hashToken } from '@waybill/db'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import { createBatchReader } from '../src/triggers/create-batch-reader.ts'
import { startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

const mebibyte = 1_048_576

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const post = (path: string, body: object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).send(body)
const stored = async () => {
  const [row] = await api.database.sql`SELECT count(*)::int AS n FROM triggers`
  return row?.['n'] as number
}

type Unfinished = { call: ClientRequest; answer: IncomingMessage | undefined }

/** A batch call of 4 MiB of which only so much comes. */
function begin(bytes: number, headers: Record<string, string | number>): Unfinished {
  const call = request(`${api.url}/v1/triggers/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.tokens.ours}`, 'content-type': 'application/json', ...headers },
  })
  const unfinished: Unfinished = { call, answer: undefined }
  call.on('response', (answer) => (unfinished.answer = answer.resume()))
  // Those that were refused are cut off.
  call.on('error', () => undefined)
  call.write(Buffer.alloc(bytes, ' '))
  return unfinished
}

describe('batch calls whose bodies come at once', () => {
  it.each([
    ['announced', { 'content-length': 4 * mebibyte }],
    ['chunked', {}],
  ])('hold only so much memory and nobody else: %s', async (_how, headers) => {
    const calls = Array.from({ length: 32 }, () => begin(2 * mebibyte, headers))
    const answers = () => calls.flatMap(({ answer }) => (answer ? [answer] : []))
    try {
      await eventually(() => answers().length >= 8)
      for (const { statusCode, headers: sent } of answers())
        expect([statusCode, sent['retry-after']]).toEqual([503, '1'])
      const late = begin(1, { 'content-length': 4 * mebibyte })
      await eventually(() => late.answer?.statusCode === 503)
      late.call.destroy()
      expect((await post('/v1/triggers', trigger())).status).toBe(202)
    } finally {
      for (const { call } of calls) call.destroy()
    }
    await eventually(async () => (await post('/v1/triggers/batch', { triggers: [trigger()] })).status === 202)
  })

  it('are refused, and not looked at, when their time is up before their turn comes', async () => {
    const read = createBatchReader()
    const principal = await findPrincipal(api.database.orm, hashToken(api.tokens.ours))
    if (!principal) throw new Error('the token is unknown')
    const body = Buffer.from(JSON.stringify({ triggers: [trigger()] }))
    const first = read(body, principal, Date.now(), () => undefined)
    const second = read(Buffer.from('no JSON'), principal, Date.now(), () => {
      throw new Error('late')
    })
    const third = read(body, principal, Date.now(), () => undefined)
    await expect(second).rejects.toThrow('late')
    expect((await first).triggers).toHaveLength(1)
    expect((await third).triggers).toHaveLength(1)
  })

  it('are answered with what is certain when checking them took all the time', async () => {
    const before = await stored()
    const { monotonic } = api.deps
    let passed = 0
    api.deps.monotonic = () => monotonic() + (passed += 1_000)
    const { status, body } = await post('/v1/triggers/batch', { triggers: [trigger()] })
    api.deps.monotonic = monotonic
    expect([status, body.code]).toEqual([503, 'overloaded'])
    expect(await stored()).toBe(before)
  })
})

import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

/** Sends `head` at once and then a byte a second, until the server ends it. */
function drip(head: string, byte: string): Promise<{ answer: string; seconds: number }> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(head))
    const dripping = setInterval(() => socket.write(byte), 1_000)
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')))
    // Closing while a byte is on its way is answered with a reset.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!/ECONNRESET|EPIPE/.test(error.code ?? '')) reject(error)
    })
    socket.once('close', () => {
      clearInterval(dripping)
      resolve({ answer, seconds: (performance.now() - startedAt) / 1_000 })
    })
  })
}

const post = (headers: string) => `POST /v1/triggers HTTP/1.1\r\nHost: x\r\n${headers}`
/** What the busiest host may be late; Node's own limits are minutes. */
const late = 5

describe('a client that sends a byte a second', () => {
  it('is answered 408 and closed, after 10 s of headers and 15 s of body, and holds up nobody', async () => {
    const authorization = `Bearer ${api.tokens.ours}`
    const whole = [`Authorization: ${authorization}`, 'Content-Type: application/json', 'Content-Length: 500']
    const slow = Promise.all([drip(post('X-Slow: '), 'a'), drip(post(`${whole.join('\r\n')}\r\n\r\n`), '{')])
    const meanwhile = await fetch(`${api.url}/v1/triggers`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(trigger()),
    })
    expect(meanwhile.status).toBe(202)
    const [headers, body] = await slow
    for (const [one, limit] of [
      [headers, 10],
      [body, 15],
    ] as const) {
      expect(one.answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*connection: close/i)
      expect(one.seconds).toBeGreaterThanOrEqual(limit - 0.1)
      expect(one.seconds).toBeLessThan(limit + late)
    }
    const [stored] = await api.database.sql`SELECT count(*)::int AS n FROM triggers`
    expect(stored).toEqual({ n: 1 })
    expect(api.log.filter((line) => (JSON.parse(line) as { level: string }).level === 'error')).toEqual([])
  })
})

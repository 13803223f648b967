import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startReceiver } from '@waybill/testing'
import type { Receiver } from '@waybill/testing'

let folder: string
let ledger: string
let receiver: Receiver

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-receiver-'))
  ledger = join(folder, 'ledger.ndjson')
  receiver = await startReceiver({ ledger })
})

afterEach(async () => {
  await receiver.close()
  await rm(folder, { recursive: true, force: true })
})

const post = (path: string, body: string, id = 'msg_1') =>
  fetch(`${receiver.url}${path}`, { method: 'POST', body, headers: { 'webhook-id': id } })

describe('startReceiver', () => {
  it('keeps every request as it came and notes it in the ledger', async () => {
    const answer = await post('/hook?x=1', '{"a":"ü"}')
    expect(answer.status).toBe(200)
    expect(receiver.requests).toEqual([
      expect.objectContaining({ method: 'POST', path: '/hook?x=1', body: '{"a":"ü"}', answered: 200 }),
    ])
    expect(receiver.requests[0]?.rawBody).toEqual(Buffer.from('{"a":"ü"}'))
    expect(JSON.parse(await readFile(ledger, 'utf8'))).toEqual({
      at: receiver.requests[0]?.at,
      webhookId: 'msg_1',
      path: '/hook?x=1',
      bodyHash: createHash('sha256').update('{"a":"ü"}').digest('hex'),
      status: 200,
    })
  })

  it('answers as it is told to, by request and count', async () => {
    receiver.setResponder((_request, count) => ({
      status: count === 1 ? 503 : 204,
      headers: { 'retry-after': '7' },
      delayMs: 5,
    }))
    const [first, second] = [await post('/', '1'), await post('/', '2')]
    expect([first.status, second.status]).toEqual([503, 204])
    expect(first.headers.get('retry-after')).toBe('7')
  })

  it('can reset, hang until it is closed, and drip a body', async () => {
    receiver.setResponder(({ path }) =>
      path === '/reset'
        ? { reset: true }
        : path === '/hang'
          ? { hang: true }
          : { body: '!', drip: { pieces: ['a', 'b'], everyMs: 1 } },
    )
    await expect(post('/reset', '')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    expect(await (await post('/drip', '')).text()).toBe('ab!')

    const hanging = expect(post('/hang', '')).rejects.toThrow()
    const all = await receiver.waitFor((requests) => requests.some(({ path }) => path === '/hang'))
    expect(all.map(({ answered }) => answered)).toEqual([0, 200, 0])
    await receiver.close()
    await hanging
  })

  it('keeps connections alive', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = [await localPort(agent), await localPort(agent)]
    expect(ports[0]).toBe(ports[1])
    agent.destroy()
  })

  it('waits for a number of requests, and says what came when it is not reached', async () => {
    const two = receiver.waitFor(2)
    await Promise.all([post('/a', ''), post('/b', '')])
    expect(await two).toHaveLength(2)
    await expect(receiver.waitFor(3, 20)).rejects.toThrow(/Not 3 requests within 20 ms; 2 came:\nPOST \/[ab]/)
  })

  it('turns a failing responder into status 599', async () => {
    receiver.setResponder(() => {
      throw new Error('a bug in the test')
    })
    const answer = await post('/', '')
    expect([answer.status, await answer.text()]).toEqual([599, 'Error: a bug in the test'])
  })
})

function localPort(agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(receiver.url, { agent, method: 'POST' }, (response) => {
      const port = response.socket.localPort
      response.resume().once('end', () => resolve(port))
    })
    sent.once('error', reject)
    sent.end('x')
  })
}

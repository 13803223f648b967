import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '@waybill/embedded'
import { Webhook } from 'standardwebhooks'
import { createLocalHttp } from '../src/api/create-api-client.ts'
import { createArrivalLog, type Arrival } from '../src/demo/arrival-log.ts'
import { chooseAnswer } from '../src/demo/choose-answer.ts'
import { describeArrival } from '../src/demo/describe-arrival.ts'
import { startDemoReceiver } from '../src/demo/start-demo-receiver.ts'

const secret = randomBytes(32)
const body = JSON.stringify({ type: 'order.delivered', data: { order_id: 40001 } })

/** Starts a receiver, posts `requests` one after another, returns the answers and what was shown. */
async function receive(requests: { path: string; id: string; signWith: Buffer }[]) {
  const arrivals: Arrival[] = []
  const port = await freePort()
  const receiver = await startDemoReceiver({
    port,
    calm: false,
    log: createArrivalLog(),
    onArrival: (arrival) => arrivals.push(arrival),
  })
  receiver.useSecrets(new Map([['/flaky', [randomBytes(32), secret]]]))
  const http = createLocalHttp()
  const statuses: number[] = []
  try {
    for (const { path, id, signWith } of requests) {
      const now = new Date()
      const signature = new Webhook(signWith, { format: 'raw' }).sign(id, now, body)
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': signature,
      }
      statuses.push((await http.post(`${receiver.url}${path}`, { body, headers })).statusCode)
    }
  } finally {
    await receiver.close()
  }
  return { statuses, arrivals }
}

describe('startDemoReceiver', () => {
  it('fails twice for a delivery to the flaky subscriber and then recovers', async () => {
    const request = { path: '/flaky', id: 'd1', signWith: secret }
    const { statuses, arrivals } = await receive([request, request, request])
    expect(statuses).toEqual([500, 500, 200])
    expect(arrivals.map((one) => one.attempt)).toEqual([1, 2, 3])
    expect(arrivals[0]).toMatchObject({
      subscriber: 'Flaky',
      event: 'order.delivered',
      about: '40001',
      signed: true,
    })
  })

  it('refuses what was not signed with the secret of that path', async () => {
    const { statuses, arrivals } = await receive([
      { path: '/flaky', id: 'd1', signWith: randomBytes(32) },
      { path: '/ledger', id: 'd2', signWith: secret },
    ])
    expect(statuses).toEqual([401, 401])
    expect(arrivals.map((one) => one.signed)).toEqual([false, false])
  })

  it('knows no other path', async () => {
    expect((await receive([{ path: '/elsewhere', id: 'd1', signWith: secret }])).statuses).toEqual([404])
  })
})

describe('chooseAnswer', () => {
  it('lets only the first three deliveries to the flaky subscriber fail', () => {
    expect(chooseAnswer('fails-at-first', 3, 2).status).toBe(500)
    expect(chooseAnswer('fails-at-first', 3, 3).status).toBe(200)
    expect(chooseAnswer('fails-at-first', 4, 1).status).toBe(200)
  })

  it('takes its time for the slow one', () => {
    expect(chooseAnswer('slow', 1, 1)).toEqual({ status: 200, delayMs: 1_500 })
  })
})

describe('describeArrival', () => {
  it('is one line with time, subscriber, event, order, attempt, signature and answer', () => {
    const at = Date.parse('2026-03-02T15:04:05.678Z')
    const arrival = { at, subscriber: 'Ledger', event: 'order.delivered', about: '40001', deliveryId: 'd' }
    const line = describeArrival({ ...arrival, attempt: 2, signed: true, answer: 200, delayMs: 1_500 }, false)
    expect(line.split(/ {2,}/)).toEqual([
      '15:04:05.678',
      'Ledger',
      'order.delivered',
      '40001',
      'attempt 2',
      'signature ok',
      'answered 200 after 1.5 s',
    ])
  })
})

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { issueCertificate, makeAuthority } from '@waybill/certificates'
import { signNursa, signPlanningCenter } from '@waybill/domain'
import { createAddressPolicy, createHttpClient } from '@waybill/egress'
import { freePort } from '@waybill/embedded'
import { Webhook } from 'standardwebhooks'
import { createArrivalLog, type Arrival } from '../src/demo/arrival-log.ts'
import { chooseAnswer } from '../src/demo/choose-answer.ts'
import { describeArrival } from '../src/demo/describe-arrival.ts'
import { startDemoReceiver } from '../src/demo/start-demo-receiver.ts'

const secret = randomBytes(32)
const body = JSON.stringify({ type: 'order.delivered', data: { order_id: 40001 } })

const secrets = new Map([
  ['/flaky', [randomBytes(32), secret]],
  ['/clinic', ['old', 'new'].map((text) => Buffer.from(text))],
  ['/parish', [Buffer.from('key')]],
])

type Wanted = { path: string; body: string; headers: Record<string, string> }

/** Starts a receiver, posts `requests` one after another by HTTPS, returns the answers and what was shown. */
async function receive(requests: readonly Wanted[]) {
  const arrivals: Arrival[] = []
  const authority = await makeAuthority()
  const receiver = await startDemoReceiver({
    port: await freePort(),
    securePort: await freePort(),
    tls: await issueCertificate(authority, ['127.0.0.1']),
    calm: false,
    readSecrets: async () => secrets,
    log: createArrivalLog(),
    onArrival: (arrival) => arrivals.push(arrival),
  })
  const policy = createAddressPolicy({ allow: ['loopback'] })
  const http = createHttpClient({ policy, ca: authority.cert })
  const statuses: number[] = []
  try {
    for (const { path, body, headers } of requests)
      statuses.push((await http.post(`${receiver.secureUrl}${path}`, { body, headers })).statusCode)
  } finally {
    await receiver.close()
  }
  return { statuses, arrivals }
}

function standard(path: string, id: string, signWith: Buffer): Wanted {
  const now = new Date()
  const signature = new Webhook(signWith, { format: 'raw' }).sign(id, now, body)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': signature,
  }
  return { path, body, headers }
}

const shift = '{"data":{"shiftId":"7","facilityId":"fac-1"},"eventType":"shift.cancelled"}'

function nursa(keys: readonly string[], timestampSeconds = Math.floor(Date.now() / 1_000)): Wanted {
  const signature = signNursa({ timestampSeconds, body: shift, secrets: keys })
  return { path: '/clinic', body: shift, headers: { 'nursa-signature': signature } }
}

function planningCenter(attempt: number, key: string): Wanted {
  const payload = JSON.stringify({ data: { type: 'Order', id: '40001' } })
  const attributes = { name: 'orders.v2.events.order.delivered', attempt, payload }
  const told = JSON.stringify({ data: [{ id: 'd1', type: 'EventDelivery', attributes }] })
  const signature = signPlanningCenter({ body: told, secret: key })
  const headers = { 'x-pco-webhooks-event': 'd1', 'x-pco-webhooks-authenticity': signature }
  return { path: '/parish', body: told, headers }
}

describe('startDemoReceiver', () => {
  it('fails twice for a delivery to the flaky subscriber and then recovers', async () => {
    const request = standard('/flaky', 'd1', secret)
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
      standard('/flaky', 'd1', randomBytes(32)),
      standard('/ledger', 'd2', secret),
    ])
    expect(statuses).toEqual([401, 401])
    expect(arrivals.map((one) => one.signed)).toEqual([false, false])
  })

  it('takes from Nursa what every secret signed just now, and shows event and facility', async () => {
    const { statuses, arrivals } = await receive([
      nursa(['old', 'new']),
      nursa(['new']),
      nursa(['old', 'new'], 1_700_000_000),
      { ...nursa([]), headers: {} },
    ])
    expect(statuses).toEqual([200, 401, 401, 401])
    expect(arrivals[0]).toMatchObject({ subscriber: 'Clinic', event: 'shift.cancelled', about: 'fac-1' })
  })

  it('takes from Planning Center what its secret signed, and knows the attempts of an event', async () => {
    const { statuses, arrivals } = await receive([
      planningCenter(1, 'key'),
      planningCenter(2, 'key'),
      planningCenter(1, 'other'),
    ])
    expect(statuses).toEqual([200, 200, 401])
    expect(arrivals.map((one) => one.attempt)).toEqual([1, 2, 3])
    const event = 'orders.v2.events.order.delivered'
    expect(arrivals[0]).toMatchObject({ subscriber: 'Parish', event, about: '40001' })
  })

  it('knows no other path', async () => {
    expect((await receive([standard('/elsewhere', 'd1', secret)])).statuses).toEqual([404])
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

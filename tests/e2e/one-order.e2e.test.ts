import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { issueCertificate, makeAuthority } from '@waybill/certificates'
import { createTestDatabase, eventually, queueBackends, startReceiver, startSmtp } from '@waybill/testing'
import type { Receiver, TestDatabase } from '@waybill/testing'
import { startStack, type Stack } from './support/start-stack.ts'

type Page<Row> = { data: Row[] }
type Job = {
  webhook_subscriber: string
  order_id: number
  event: string | null
  status: string | null
  status_code: number
}
type Jobs = { count: number; results: Job[] }
type Log = {
  eventType: string
  facilityId: string
  url: string
  status: string
  requestPayload: { data: { shiftId: string } }
}
type Event = { attributes: { status: string; payload: string } }
type Delivery = { event: string; status: string; subscription: { key: string } }

const order = {
  status: 'scheduled',
  property: { location: { street: '1247 Elm Rd', city: 'Boulder', state: 'CO' } },
  property_info: { address: { street: '1247 Elm Rd', city: 'Boulder' } },
}

describe.each(queueBackends())('one order, told three times, on the $name queue', (backend) => {
  let clone: TestDatabase
  let folder: string
  let receiver: Receiver
  let smtp: Awaited<ReturnType<typeof startSmtp>>
  let stack: Stack
  let subscription: string
  beforeAll(async () => {
    const authority = await makeAuthority()
    folder = await mkdtemp(join(tmpdir(), 'waybill-order-'))
    const trusted = join(folder, 'authority.pem')
    await writeFile(trusted, authority.cert)
    receiver = await startReceiver({ tls: await issueCertificate(authority, ['127.0.0.1']) })
    smtp = await startSmtp()
    clone = await createTestDatabase()
    const mail = { SMTP_URL: smtp.url }
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      apiEnv: mail,
      workerEnv: { ...mail, NODE_EXTRA_CA_CERTS: trusted },
    })
    subscription = await subscribe()
    await tell()
  })
  afterAll(async () => {
    await stack.stop()
    await Promise.all([receiver.close(), smtp.close()])
    await clone.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await stack.call(method, path, body)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
  const planomatic = (path: string, params: object) =>
    call<{ data: Jobs }>('POST', `/api/v1/${path}`, { token: stack.token, integration_id: 12, ...params })

  /** One subscriber of each kind, each through its own API. Returns the Planning Center subscription's id. */
  const subscribe = async (): Promise<string> => {
    const url = (path: string) => `${receiver.url}/${path}`
    for (const [version, names] of [
      ['2', { statuses: ['scheduled'] }],
      ['3', { events: ['appointment.scheduled'] }],
    ] as const)
      await planomatic('webhook_out_subs/create', {
        key: `v${version}`,
        name: `Yard v${version}`,
        callback_url: url(`planomatic-v${version}?k=9`),
        notify: true,
        notification_emails: 'ops@yard.test',
        version,
        ...names,
      })
    const body = { url: url('nursa'), events: ['shift.scheduled'], facilities: ['NUR-7'] }
    await call('POST', '/api/v2/public/webhooks/facility', body)
    await call('POST', '/v1/subscriptions', { key: 'all', name: 'All of it', url: url('standard') })
    const attributes = { name: 'orders.v2.events.appointment.scheduled', url: url('planning-center') }
    const made = await call<{ data: { id: string } }>('POST', '/webhooks/v2/webhook_subscriptions', {
      data: { type: 'WebhookSubscription', attributes },
    })
    return made.data.id
  }
  const tell = async () => {
    const common = { integration_id: 12, order_id: 40_017, facility_id: 'NUR-7' }
    const at = '2026-03-02T15:04:05Z'
    await call('POST', '/v1/triggers', { ...common, kind: 'order_status', name: 'scheduled', order })
    await call('POST', '/v1/triggers', {
      ...common,
      kind: 'order_event',
      name: 'appointment.scheduled',
      person: '5',
      order,
    })
    await call('POST', '/v1/triggers', {
      ...common,
      kind: 'facility_event',
      name: 'shift.scheduled',
      data: {
        shiftId: '880012',
        facilityId: 'NUR-7',
        at,
        clinician: { id: 'c-1', firstName: 'Ines', lastName: 'Okafor', email: 'ines@clinic.test' },
        scheduledBy: { source: 'marketplace', userId: 'u-1', email: 'ops@clinic.test' },
      },
    })
  }
  const arrived = (path: string, count: number) =>
    eventually(() => {
      const found = receiver.requests.filter((request) => request.path.startsWith(`/${path}`))
      return found.length === count ? found : undefined
    })
  const bodiesAt = async (path: string, count: number) =>
    ((await arrived(path, count)) ?? []).map((request) => JSON.parse(request.body) as Record<string, unknown>)

  it('reaches each profile with what that one listens to, in its own envelope', async () => {
    const [[status], [event], [shift], [told]] = await Promise.all([
      bodiesAt('planomatic-v2?k=9', 1),
      bodiesAt('planomatic-v3?k=9', 1),
      bodiesAt('nursa', 1),
      bodiesAt('planning-center', 1),
    ])
    expect(status).toMatchObject({ order_id: 40_017, order_status: 'scheduled' })
    expect(event).toMatchObject({ order_id: 40_017, event: 'appointment.scheduled' })
    expect(shift).toMatchObject({ eventType: 'shift.scheduled', data: { shiftId: '880012' } })
    expect(told).toMatchObject({
      data: [
        {
          type: 'EventDelivery',
          attributes: { name: 'orders.v2.events.appointment.scheduled', attempt: 1 },
        },
      ],
    })
    const all = await bodiesAt('standard', 3)
    expect(new Set(all.map((body) => body['type']))).toEqual(
      new Set(['appointment.scheduled', 'order.status.scheduled', 'shift.scheduled']),
    )
  })

  it('is read back through webhook_jobs/index', async () => {
    const jobs = await eventually(async () => {
      const { data } = await planomatic('webhook_jobs/index', {
        count: true,
        view: 'planointegrate_view',
        search: { term: '1247 ELM', attributes: ['address'] },
        sort: { by: 'event_type', order: 'asc' },
      })
      return data.count === 2 ? data.results : undefined
    })
    const byName = (a: Job, b: Job) => a.webhook_subscriber.localeCompare(b.webhook_subscriber)
    expect(jobs?.toSorted(byName)).toMatchObject([
      { webhook_subscriber: 'Yard v2', order_id: 40_017, event: null, status: 'scheduled', status_code: 200 },
      {
        webhook_subscriber: 'Yard v3',
        order_id: 40_017,
        event: 'appointment.scheduled',
        status: 'scheduled',
        status_code: 200,
      },
    ])
  })

  it('is read back through the webhook logs', async () => {
    const logs = await eventually(async () => {
      const { data } = await call<Page<Log>>('GET', '/api/v2/public/webhooks/logs?facilitiesIds=NUR-7')
      return data.length > 0 ? data : undefined
    })
    expect(logs).toHaveLength(1)
    expect(logs?.[0]).toMatchObject({
      eventType: 'shift.scheduled',
      facilityId: 'NUR-7',
      url: `${receiver.url}/nursa`,
      status: 'success',
      requestPayload: { data: { shiftId: '880012' } },
    })
  })

  it('is read back through the events of the webhook subscription', async () => {
    const events = await eventually(async () => {
      const path = `/webhooks/v2/webhook_subscriptions/${subscription}/events?where[status]=delivered`
      const { data } = await call<Page<Event>>('GET', path)
      return data.length > 0 ? data : undefined
    })
    expect(events).toHaveLength(1)
    expect(JSON.parse(events?.[0]?.attributes.payload ?? '')).toMatchObject({ data: { attributes: order } })
  })

  it('is read back through the native API, whatever shape it went out in', async () => {
    const deliveries = await eventually(async () => {
      const { data } = await call<Page<Delivery>>('GET', '/v1/deliveries')
      return data.length === 7 && data.every((one) => one.status === 'delivered') ? data : undefined
    })
    expect(new Set(deliveries?.map((one) => one.event)).size).toBeGreaterThanOrEqual(4)
  })

  it('had its subscribers confirmed by mail', async () => {
    await eventually(() => smtp.mails.length === 2)
    expect(smtp.mails.map((mail) => mail.text).join()).toContain('Yard v2')
  })
})

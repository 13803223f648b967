import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import Stripe from 'stripe'
import { issueCertificate, makeAuthority } from '@waybill/certificates'
import {
  createTestDatabase,
  eventually,
  queueBackends,
  startReceiver,
  type ReceivedRequest,
  type Receiver,
  type TestDatabase,
} from '@waybill/testing'
import { nursaFaults } from '../../apps/api/test/support/nursa-schemas.ts'
import { startStack, type Stack } from './support/start-stack.ts'

const base = '/api/v2/public/webhooks'
/** Five minutes are 150 ms. */
const scale = 0.0005
const gapsMs = [5, 30, 60].map((minutes) => minutes * 60_000 * scale)

type Log = {
  id: string
  eventType: string
  requestPayload: { data: { shiftId: string } }
  responseStatus: number
  responseBody: string
  url: string
  status: string
  retries: { retryAttempt: number; responseStatus: number; responseBody: string }
  retryAttempts: { id: string; retryAttempt: number; responseStatus: number }[]
}

// One backend is enough: that both carry deliveries is another story.
describe.each(queueBackends().slice(0, 1))('webhooks of the Nursa API on the $name queue', (backend) => {
  let clone: TestDatabase
  let folder: string
  let receiver: Receiver
  let stack: Stack
  beforeAll(async () => {
    const authority = await makeAuthority()
    folder = await mkdtemp(join(tmpdir(), 'waybill-nursa-'))
    const trusted = join(folder, 'authority.pem')
    await writeFile(trusted, authority.cert)
    receiver = await startReceiver({ tls: await issueCertificate(authority, ['127.0.0.1']) })
    clone = await createTestDatabase()
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      workerEnv: { SCHEDULE_SCALE: String(scale), NODE_EXTRA_CA_CERTS: trusted },
    })
  })
  afterAll(async () => {
    await stack.stop()
    await receiver.close()
    await clone.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const json = async <T>(method: string, path: string, body: unknown, status: number): Promise<T> => {
    const answer = await stack.call(method, path, body)
    const text = await answer.text()
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
  const makeWebhook = async (kind: 'facility' | 'user', path: string, change: object) => {
    const body = { url: `${receiver.url}${path}`, events: ['all'], ...change }
    return (await json<{ data: { id: string; secrets: string[] } }>('POST', `${base}/${kind}`, body, 201))
      .data
  }
  const tell = (name: string, data: Record<string, unknown>) =>
    json('POST', '/v1/triggers', { integration_id: 12, kind: 'facility_event', name, data }, 202)
  const cancel = (shiftId: string, facilityId: string) =>
    tell('shift.cancelled', { shiftId, facilityId, at: '2026-03-04T10:00:00Z', reason: 'Talent not needed' })
  const arrivals = (path: string) => receiver.requests.filter((request) => request.path === path)
  const arrived = async (path: string, count: number) =>
    (await eventually(() => arrivals(path).length >= count && arrivals(path))) as ReceivedRequest[]

  /** The logs of a facility, once they are what they are to be. */
  const logsOf = (facility: string, isDone: (logs: Log[]) => boolean) =>
    eventually(async () => {
      const body = await json<{ data: Log[] }>(
        'GET',
        `${base}/logs?facilitiesIds=${facility}`,
        undefined,
        201,
      )
      expect(nursaFaults('logs', body)).toEqual([])
      return isDone(body.data) ? body.data : undefined
    })
  const signatureOf = (request: ReceivedRequest | undefined) => String(request?.headers['nursa-signature'])
  const { webhooks } = new Stripe('sk_test_nobody')
  /** What an independent library reads out of a request, if the secret signed it. */
  const verify = (request: ReceivedRequest | undefined, secret: string): unknown =>
    webhooks.constructEvent(request?.body ?? '', signatureOf(request), secret)

  it('arrive over HTTPS with {data, eventType}, and Nursa-Signature has one v1 for each secret', async () => {
    const secrets = ['alpha-secret-0001', 'bravo-secret-0002']
    const made = await makeWebhook('facility', '/signed', { secrets, facilities: ['NUR-1'] })
    expect(made.secrets).toEqual(secrets)
    await cancel('1', 'NUR-1')
    const [request] = await arrived('/signed', 1)
    expect(signatureOf(request)).toMatch(/^t=\d{10},v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/)
    for (const secret of secrets)
      expect(verify(request, secret)).toMatchObject({ data: { shiftId: '1' }, eventType: 'shift.cancelled' })
    expect(() => verify(request, 'neither')).toThrow(/signature/i)
    const [log] = (await logsOf('NUR-1', (logs) => logs.length === 1)) ?? []
    expect(log).toMatchObject({
      eventType: 'shift.cancelled',
      requestPayload: JSON.parse(request?.body ?? '') as object,
      responseStatus: 200,
      url: `${receiver.url}/signed`,
      status: 'success',
      retries: { retryAttempt: 0, responseStatus: 200 },
      retryAttempts: [],
    })
  })

  it('are signed with the old and the new secret while these rotate, then with the new one alone', async () => {
    const made = await makeWebhook('facility', '/rotated', { facilities: ['NUR-2'] })
    const [old = ''] = made.secrets
    expect(old).toHaveLength(32)
    const rotate = (secrets: string[]) => json('PATCH', `${base}/facility/${made.id}`, { secrets }, 201)
    await rotate(['charlie-secret-0003', old])
    await cancel('2', 'NUR-2')
    const [both] = await arrived('/rotated', 1)
    expect([verify(both, old), verify(both, 'charlie-secret-0003')]).toHaveLength(2)
    await rotate(['charlie-secret-0003'])
    await cancel('3', 'NUR-2')
    const [, one] = await arrived('/rotated', 2)
    expect(signatureOf(one)).toMatch(/^t=\d{10},v1=[0-9a-f]{64}$/)
    expect(verify(one, 'charlie-secret-0003')).toMatchObject({ data: { shiftId: '3' } })
    expect(() => verify(one, old)).toThrow(/signature/i)
  })

  it('are resent three times after a status of 400 or more, with gaps of 5, 30 and 60 minutes at least', async () => {
    await makeWebhook('facility', '/down', { facilities: ['NUR-3'] })
    receiver.setResponder(({ path }) => (path === '/down' ? { status: 503, body: 'busy' } : {}))
    await cancel('4', 'NUR-3')
    const [log] = (await logsOf('NUR-3', ([first]) => first?.retryAttempts.length === 3)) ?? []
    expect(log).toMatchObject({
      responseStatus: 503,
      responseBody: 'busy',
      status: 'failure',
      retries: { retryAttempt: 3, responseStatus: 503, responseBody: 'busy' },
    })
    expect(log?.retryAttempts.map((retry) => retry.retryAttempt)).toEqual([1, 2, 3])
    const requests = arrivals('/down')
    const gaps = requests.slice(1).map((request, i) => request.at - (requests[i]?.at ?? 0))
    expect(gaps).toHaveLength(3)
    for (const [i, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(gapsMs[i] ?? Infinity)
    expect(new Set(requests.map((request) => request.body)).size).toBe(1)
    const [row] = await stack.sql<{ status: number; err: string | null; due: number }[]>`
      SELECT d.status, d.err, (SELECT count(*)::int FROM due WHERE delivery = d.id) AS due
      FROM deliveries d JOIN triggers t ON t.id = d.trigger WHERE t.facility_id = 'NUR-3'`
    expect(row).toEqual({ status: 3, err: 'exhausted', due: 0 })
  })

  it('are a success once a retry succeeds, and are then not resent', async () => {
    await makeWebhook('facility', '/flaky', { facilities: ['NUR-4'] })
    receiver.setResponder(({ path }) => ({
      status: path === '/flaky' && arrivals('/flaky').length < 2 ? 500 : 200,
    }))
    await cancel('5', 'NUR-4')
    const [log] = (await logsOf('NUR-4', ([first]) => first?.status === 'success')) ?? []
    expect(log).toMatchObject({ responseStatus: 500, retries: { retryAttempt: 1, responseStatus: 200 } })
    expect(arrivals('/flaky')).toHaveLength(2)
  })

  it('of users hear of facility.creation.accepted and of no shift; those of facilities the other way round', async () => {
    await makeWebhook('user', '/of-users', {})
    await makeWebhook('facility', '/of-all-facilities', {})
    await tell('facility.creation.accepted', { facilityId: 'NUR-5' })
    await cancel('6', 'NUR-5')
    await arrived('/of-users', 1)
    await arrived('/of-all-facilities', 1)
    await eventually(async () => {
      const [row] = await stack.sql<{ open: number }[]>`
        SELECT ((SELECT count(*) FROM batches) + (SELECT count(*) FROM due))::int AS open`
      return row?.open === 0
    })
    const eventsAt = (path: string) =>
      arrivals(path).map((request) => (JSON.parse(request.body) as { eventType: string }).eventType)
    expect(eventsAt('/of-users')).toEqual(['facility.creation.accepted'])
    expect(eventsAt('/of-all-facilities')).toEqual(['shift.cancelled'])
    expect(await logsOf('NUR-5', (logs) => logs.length === 1)).toMatchObject([
      { eventType: 'shift.cancelled' },
    ])
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { planomaticSubs } from './support/planomatic-subs.ts'
import { startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let subs: ReturnType<typeof planomaticSubs>
beforeAll(async () => {
  api = await startTestApi()
  subs = planomaticSubs(api)
})
afterAll(() => api.close())

const send = (method: 'post' | 'patch', path: string, body: object) =>
  supertest(api.url)[method](path).auth(api.tokens.ours, { type: 'bearer' }).send(body)
/** Sends them at once; their statuses. A supertest request is sent when somebody waits for it. */
const atOnce = async (...requests: PromiseLike<{ status: number }>[]) =>
  (await Promise.all(requests)).map(({ status }) => status)
const rounds = Array.from({ length: 10 }, (_, round) => round)

describe('changes of one subscription at the same time', () => {
  it.each(rounds)('of its statuses and of its events are both kept by PlanOmatic (%i)', async (round) => {
    const { id } = await subs.create({ key: `lists-${round}`, statuses: ['hold'], events: ['delivered'] })
    const change = (fields: object) => subs.update({ id, version: '3', ...fields })
    expect(
      await atOnce(change({ statuses: ['ordered'] }), change({ events: ['scheduled', 'order.received'] })),
    ).toEqual([200, 200])
    expect((await change({})).body.data.webhook_out_sub).toMatchObject({
      statuses: ['ordered'],
      events: ['appointment.scheduled', 'order.received'],
    })
  })

  it.each(rounds)('never leave a PlanOmatic one that mails nobody (%i)', async (round) => {
    const { id } = await subs.create({ key: `mails-${round}`, notification_emails: 'ops@example.com' })
    const change = (fields: object) => subs.update({ id, version: '3', ...fields })
    const statuses = await atOnce(change({ notify: true }), change({ notification_emails: null }))
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 400])
    const { notify, notification_emails: emails } = (await change({})).body.data.webhook_out_sub
    expect([true, false]).toContain(notify)
    expect(notify).toBe(emails !== null)
  })

  it.each(rounds)('of its events and of its facilities are both kept by Nursa (%i)', async () => {
    const webhooks = '/api/v2/public/webhooks/facility'
    const made = await send('post', webhooks, {
      url: 'https://clinic.example.com/in',
      events: ['all'],
      facilities: ['NUR-1'],
    })
    const change = (body: object) => send('patch', `${webhooks}/${made.body.data.id}`, body)
    expect(await atOnce(change({ events: ['shift.created'] }), change({ facilities: ['NUR-2'] }))).toEqual([
      201, 201,
    ])
    expect((await change({})).body.data).toMatchObject({ events: ['shift.created'], facilities: ['NUR-2'] })
  })

  it.each(rounds)('of a Nursa one are both kept when one comes over the native API (%i)', async () => {
    const webhooks = '/api/v2/public/webhooks/facility'
    const made = await send('post', webhooks, { url: 'https://clinic.example.com/in', events: ['all'] })
    const { id } = made.body.data
    const answers = await atOnce(
      send('patch', `/v1/subscriptions/${id}`, { events: ['shift.created'], name: 'Clinic' }),
      send('patch', `${webhooks}/${id}`, { facilities: ['NUR-2'] }),
    )
    expect(answers).toEqual([200, 201])
    expect((await send('patch', `${webhooks}/${id}`, {})).body.data).toMatchObject({
      events: ['shift.created'],
      facilities: ['NUR-2'],
    })
  })

  it.each(rounds)('of different fields are both kept by the native API (%i)', async () => {
    const made = await send('post', '/v1/subscriptions', { name: 'CRM', url: 'https://crm.example.com/' })
    const change = (body: object) => send('patch', `/v1/subscriptions/${made.body.id}`, body)
    const answers = await atOnce(
      change({ name: 'Renamed' }),
      change({ url: 'https://new.example.com/' }),
      change({ events: ['order.delivered'] }),
      change({ state: 'paused' }),
    )
    expect(answers).toEqual([200, 200, 200, 200])
    expect((await change({})).body).toMatchObject({
      name: 'Renamed',
      url: 'https://new.example.com/',
      events: ['order.delivered'],
      state: 'paused',
      revision: 3,
    })
  })

  it('are checked against the version that the subscription has by then', async () => {
    const { id } = await subs.create({ key: 'moved', version: '3' })
    const uuid = api.deps.publicIds.encode('subscription', id as never)
    const change = (events: string[]) => send('patch', `/v1/subscriptions/${uuid}`, { events })
    expect((await change(['order.delivered'])).status).toBe(200)
    await subs.update({ id, version: '2' })
    const refused = await change(['order.delivered'])
    expect([refused.status, refused.body.code]).toEqual([422, 'unknown_event_type'])
  })
})

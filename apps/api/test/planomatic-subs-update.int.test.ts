import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { deleteSubscription, updateSubscription } from '@waybill/db'
import { asSubscriptionId, orderEventTypes, orderStatuses } from '@waybill/domain'
import supertest from 'supertest'
import { planomaticSubs, type OutSub } from './support/planomatic-subs.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let subs: ReturnType<typeof planomaticSubs>
let before: OutSub
let keys = 0
beforeAll(async () => {
  api = await startTestApi()
  subs = planomaticSubs(api)
})
afterAll(() => api.close())
beforeEach(async () => {
  const { signing_secret: _secret, ...made } = await subs.create({
    key: `key-${(keys += 1)}`,
    statuses: ['hold'],
    events: ['order.delivered'],
    success_code: '200',
    payload_render_view: 'raw',
    notify: false,
  })
  before = made
})

/** The subscriber after an update that has to work, with what every update says. */
const change = async (fields: object): Promise<OutSub> => {
  const { status, body } = await subs.update({ id: before.id, version: '3', ...fields })
  expect([status, body.status]).toEqual([200, 'action-successful'])
  return body.data.webhook_out_sub
}
const changed = (fields: object) => ({ ...before, ...fields, last_updated: expect.any(String) })

describe('webhook_out_subs/update', () => {
  it('changes nothing when only token, integration_id, id and version are given', async () => {
    expect(await change({})).toEqual(before)
  })

  it.each<[string, object, object]>([
    ['statuses', { statuses: ['canceled', 'cancelled'] }, {}],
    ['statuses', { statuses: [] }, {}],
    [
      'events',
      { events: ['scheduled', 'order.received'] },
      { events: ['appointment.scheduled', 'order.received'] },
    ],
    ['events', { events: [] }, {}],
    ['name', { name: 'New name' }, {}],
    ['notification_emails', { notification_emails: 'a@example.com, b@example.com' }, {}],
    ['notify', { notify: true, notification_emails: 'ops@example.com' }, {}],
    ['notify', { notify: 'true', notification_emails: 'ops@example.com' }, { notify: true }],
    ['payload_render_view', { payload_render_view: 'default' }, {}],
    ['callback_url', { callback_url: 'https://new.example.com/?k=%2f&K=1' }, {}],
    ['success_code', { success_code: '2XX' }, {}],
    ['active', { active: false }, {}],
    ['active', { active: 'false' }, { active: false }],
    ['version', { version: '2' }, {}],
    ['version', { version: 'version_2' }, { version: '2' }],
  ])('%s alone is changed by %j', async (_attr, given, shown) => {
    const expected = changed({ ...given, ...shown })
    expect(await change(given)).toEqual(expected)
    const { body } = await subs.index({ search: { term: before.key, attributes: ['key'] } })
    expect(body.data.results.find(({ id }) => id === before.id)).toEqual(expected)
  })

  it('key is changed, and taken when another subscriber of the integration has it', async () => {
    const key = `moved-${before.key}`
    expect(await change({ key })).toEqual(changed({ key }))
    const other = await subs.create({ key: `other-${before.key}` })
    const { status, body } = await subs.update({ id: other.id, version: '3', key })
    expect([status, body.status]).toEqual([400, 'invalid-param'])
    expect(body.errors).toEqual([{ attr: 'key', message: 'taken' }])
  })

  it('changes everything at once', async () => {
    const all = {
      statuses: ['ordered'],
      events: ['order.canceled'],
      name: 'All',
      notification_emails: 'all@example.com',
      notify: true,
      key: `all-${before.key}`,
      payload_render_view: 'default',
      callback_url: 'https://all.example.com/',
      success_code: '200,204',
      active: false,
      version: '2',
    }
    expect(await change(all)).toEqual(changed(all))
  })

  it('statuses, events and version take effect on what the workers read', async () => {
    await change({ version: '2', statuses: ['scheduled'], events: null, active: false })
    const [row] = await api.database.sql`
      SELECT profile, state, filters FROM subscriptions WHERE id = ${before.id}::int`
    expect(row).toEqual({ profile: 1, state: 3, filters: { eventIds: [16, 110] } })
  })

  it.each(orderStatuses)('statuses knows %s', async (status) => {
    expect((await change({ statuses: [status] }))['statuses']).toEqual([status])
  })

  it.each(orderEventTypes)('events knows %s by its short name', async (event) => {
    expect((await change({ events: [event] }))['events']).toEqual([expect.stringMatching(`\\.${event}$`)])
  })

  it.each(['200', '2XX', '2xx', '200,204', '200-299', '200 - 204, 302', 200])(
    'success_code %j is taken',
    async (code) => {
      expect((await change({ success_code: code }))['success_code']).toBe(String(code))
    },
  )

  it.each([null, ''])(
    '%j clears notification_emails, success_code and payload_render_view',
    async (empty) => {
      await change({ notification_emails: 'ops@example.com' })
      const cleared = await change({
        notification_emails: empty,
        success_code: empty,
        payload_render_view: empty,
      })
      expect(cleared).toEqual(
        changed({ notification_emails: null, success_code: null, payload_render_view: null }),
      )
    },
  )

  it('null leaves statuses, events, active and notify as they are', async () => {
    expect(await change({ statuses: null, events: null, active: null, notify: null })).toEqual(before)
  })

  it('active true makes an inactive or paused subscriber active', async () => {
    const state = async () => {
      const [row] = await api.database.sql`SELECT state FROM subscriptions WHERE id = ${before.id}::int`
      return row?.['state'] as number
    }
    await change({ active: false })
    expect(await state()).toBe(3)
    await change({ active: true })
    expect(await state()).toBe(1)
    await updateSubscription(api.database.orm, 'test', ours, asSubscriptionId(before.id), { state: 'paused' })
    expect((await change({}))['active']).toBe(false)
    await change({ active: true })
    expect(await state()).toBe(1)
  })

  it('a new callback_url makes a new revision and keeps the old one', async () => {
    await change({ callback_url: 'https://second.example.com/' })
    const rows = await api.database.sql`
      SELECT revision, url FROM revisions WHERE subscription = ${before.id}::int ORDER BY revision`
    expect([...rows]).toEqual([
      { revision: 1, url: 'https://crm.example.com/hook' },
      { revision: 2, url: 'https://second.example.com/' },
    ])
  })

  it('takes its parameters from the query string as well', async () => {
    const query = `?id=${before.id}&version=3&statuses[]=ordered&statuses[]=hold&events=&active=false&name=Query`
    const { body } = await subs.update({ name: 'Body' }, query)
    expect(body.data.webhook_out_sub).toEqual(
      changed({ statuses: ['ordered', 'hold'], events: [], active: false, name: 'Body' }),
    )
  })

  it('shows no signing secret', async () => {
    expect(await change({ name: 'Quiet' })).not.toHaveProperty('signing_secret')
  })

  it.each(['token', 'integration_id', 'id', 'version'])('%s is required: missing-param', async (attr) => {
    for (const value of [undefined, null, '', ' ']) {
      const { status, body } = await subs.update({ id: before.id, version: '3', [attr]: value })
      expect([status, body.status]).toEqual([400, 'missing-param'])
      expect(body.errors).toEqual([{ attr, message: 'missing' }])
    }
  })

  it.each<[object, string]>([
    [{ id: 999_999 }, 'id'],
    [{ id: 0 }, 'id'],
    [{ id: 2_147_483_648 }, 'id'],
    [{ id: 'x' }, 'id'],
    [{ id: [1] }, 'id'],
    [{ integration_id: theirs }, 'integration_id'],
    [{ version: '4' }, 'version'],
    [{ version: 1 }, 'version'],
    [{ version: true }, 'version'],
    [{ statuses: ['nope'] }, 'statuses.0'],
    [{ statuses: ['hold', 'order.delivered'] }, 'statuses.1'],
    [{ statuses: 'hold' }, 'statuses'],
    [{ events: ['hold'] }, 'events.0'],
    [{ events: {} }, 'events'],
    [{ name: '' }, 'name'],
    [{ name: null }, 'name'],
    [{ name: ' ' }, 'name'],
    [{ key: '\t' }, 'key'],
    [{ callback_url: ' ' }, 'callback_url'],
    [{ notify: true, notification_emails: 5 }, 'notification_emails'],
    [{ notify: true, notification_emails: ' ' }, 'notification_emails'],
    [{ name: 'x'.repeat(256) }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ name: '\ud800' }, 'name'],
    [{ key: '' }, 'key'],
    [{ key: 7 }, 'key'],
    [{ callback_url: null }, 'callback_url'],
    [{ callback_url: 'ftp://example.com' }, 'callback_url'],
    [{ callback_url: 'http://169.254.169.254/' }, 'callback_url'],
    [{ notification_emails: 'nobody' }, 'notification_emails'],
    [{ notify: 'perhaps' }, 'notify'],
    [{ active: 2 }, 'active'],
    [{ payload_render_view: 'nope' }, 'payload_render_view'],
    [{ success_code: '99' }, 'success_code'],
    [{ success_code: '299-200' }, 'success_code'],
    [{ success_code: 99 }, 'success_code'],
  ])('answers invalid-param to %j and changes nothing', async (fields, attr) => {
    const { status, body } = await subs.update({ id: before.id, version: '3', ...fields })
    expect([status, body.status]).toEqual([400, 'invalid-param'])
    expect(body.errors.map((error) => error.attr)).toEqual([expect.stringContaining(attr)])
    expect(await change({})).toEqual(before)
  })

  it.each(['key', 'name', 'callback_url'])('a blank %s is invalid-param, empty', async (attr) => {
    for (const value of [null, '', ' ', '\u00a0\n']) {
      const { body } = await subs.update({ id: before.id, version: '3', [attr]: value })
      expect(body).toMatchObject({ status: 'invalid-param', errors: [{ attr, message: 'empty' }] })
    }
  })

  it("answers invalid-param for the id of another integration's, another dialect's or a deleted subscriber", async () => {
    const foreign = await subs.create({ key: before.key }, api.tokens.theirs, theirs)
    const native = await supertest(api.url)
      .post('/v1/subscriptions')
      .auth(api.tokens.ours, { type: 'bearer' })
      .send({ name: 'Native', url: 'https://native.example.com', events: ['order.delivered'] })
    expect(native.status).toBe(201)
    const [row] = await api.database.sql`SELECT max(id) AS id FROM subscriptions`
    await deleteSubscription(api.database.orm, 'test', ours, asSubscriptionId(before.id))
    for (const id of [foreign.id, row?.['id'], before.id]) {
      const { status, body } = await subs.update({ id, version: '3', name: 'Mine' })
      expect([status, body.status]).toEqual([400, 'invalid-param'])
      expect(body.errors).toEqual([{ attr: 'id', message: 'unrecognized' }])
    }
  })

  it('notify true without notification_emails is invalid-param, and so is clearing them while it is true', async () => {
    const refusal = [{ attr: 'notification_emails', message: 'missing' }]
    await change({ notify: false, notification_emails: null })
    const bare = { id: before.id, version: '3' }
    expect((await subs.update({ ...bare, notify: true })).body.errors).toEqual(refusal)
    await change({ notify: true, notification_emails: 'ops@example.com' })
    expect((await subs.update({ ...bare, notification_emails: '' })).body.errors).toEqual(refusal)
    expect(await change({ notify: false, notification_emails: '' })).toMatchObject({
      notification_emails: null,
    })
  })

  it('takes a POST as well as the documented PUT', async () => {
    const answer = await supertest(api.url)
      .post('/api/v1/webhook_out_subs/update')
      .send({ token: api.tokens.ours, integration_id: ours, id: before.id, version: '3', name: 'Posted' })
    expect(answer.body.data.webhook_out_sub).toEqual(changed({ name: 'Posted' }))
  })

  it('token that is not valid is invalid-token', async () => {
    const { status, body } = await subs.update({ token: 'wbt_nope', id: before.id, version: '3' })
    expect([status, body.status]).toEqual([401, 'invalid-token'])
  })
})

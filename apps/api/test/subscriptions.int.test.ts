import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken, loadSubscriptions } from '@waybill/db'
import { asIntegrationId, asSubscriptionId } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const url = 'https://crm.example.com/hook?k=9&x=%20a'
const as = (token: string) => ({
  post: (body: object) =>
    supertest(api.url).post('/v1/subscriptions').auth(token, { type: 'bearer' }).send(body),
  get: (path = '') => supertest(api.url).get(`/v1/subscriptions${path}`).auth(token, { type: 'bearer' }),
  patch: (id: string, body: object) =>
    supertest(api.url).patch(`/v1/subscriptions/${id}`).auth(token, { type: 'bearer' }).send(body),
  delete: (id: string) =>
    supertest(api.url).delete(`/v1/subscriptions/${id}`).auth(token, { type: 'bearer' }),
})
const us = () => as(api.tokens.ours)
const make = async (change: object = {}) => (await us().post({ name: 'CRM', url, ...change })).body

describe('POST /v1/subscriptions', () => {
  it('makes a subscription with defaults and shows its secret once', async () => {
    const answer = await us().post({ name: 'CRM', url })
    expect(answer.status).toBe(201)
    expect(answer.headers['location']).toBe(`/v1/subscriptions/${answer.body.id}`)
    expect(answer.body).toMatchObject({
      integration_id: ours,
      name: 'CRM',
      url,
      profile: 'standard',
      events: ['*'],
      state: 'active',
      timeout_seconds: 15,
      in_flight_limit: 20,
      horizon_hours: 168,
      success_code: null,
      secret: expect.stringMatching(/^whsec_/),
    })
    const read = await us().get(`/${answer.body.id}`)
    const { secret, ...shown } = answer.body
    expect(read.body).toEqual(shown)
    expect(read.text).not.toContain(secret)
    expect(api.log.join('')).not.toContain(secret)
  })

  it('takes every field, and stores the secret sealed under the installation key', async () => {
    const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`
    const made = await make({
      integration_id: ours,
      key: 'crm',
      events: ['order.delivered', 'order.status.scheduled'],
      success_code: '200-204',
      timeout_seconds: 30,
      in_flight_limit: 100,
      horizon_hours: 1,
      view: 'raw',
      state: 'inactive',
      secret,
    })
    expect(made).toMatchObject({ key: 'crm', state: 'inactive', view: 'raw', horizon_hours: 1, secret })
    expect(made.events.toSorted()).toEqual(['order.delivered', 'order.status.scheduled'])
    const { changed } = await loadSubscriptions(api.database.sql, api.deps.keys, 0)
    const id = api.deps.publicIds.decode('subscription', made.id)
    expect(changed.find((one) => one.id === id)?.secrets).toEqual([Buffer.alloc(24, 9)])
  })

  it.each<[object, string, string]>([
    [{ url: undefined }, '/url', 'required'],
    [{ url: 'example.com/x' }, '/url', 'invalid_url'],
    [{ url: `https://e.example.com/${'x'.repeat(2_049)}` }, '/url', 'url_too_long'],
    [{ url: 'ftp://example.com' }, '/url', 'unsupported_scheme'],
    [{ url: 'https://u:p@example.com' }, '/url', 'userinfo_not_allowed'],
    [{ url: 'https://example.com/#a' }, '/url', 'fragment_not_allowed'],
    [{ url: 'https://example.com/a b' }, '/url', 'url_illegal_character'],
    [{ url: 'https://localhost/' }, '/url', 'blocked_host'],
    [{ url: 'http://169.254.169.254/' }, '/url', 'blocked_address'],
    [{ url: 'https://example.com:22/' }, '/url', 'blocked_port'],
    [{ url: 5 }, '/url', 'invalid_type'],
    [{ name: undefined }, '/name', 'required'],
    [{ name: '  ' }, '/name', 'too_short'],
    [{ name: 'x'.repeat(201) }, '/name', 'too_long'],
    [{ name: 'a\nb' }, '/name', 'invalid_format'],
    [{ events: ['order.delivred', 'order.delivered'] }, '/events/0', 'unknown_event_type'],
    [{ events: Array.from({ length: 101 }, () => 'order.delivered') }, '/events', 'too_many_items'],
    [{ events: 'order.delivered' }, '/events', 'invalid_type'],
    [{ success_code: 'ok' }, '/success_code', 'invalid_success_code'],
    [{ timeout_seconds: 0 }, '/timeout_seconds', 'out_of_range'],
    [{ timeout_seconds: 31 }, '/timeout_seconds', 'out_of_range'],
    [{ timeout_seconds: 1.5 }, '/timeout_seconds', 'invalid_type'],
    [{ in_flight_limit: 101 }, '/in_flight_limit', 'out_of_range'],
    [{ horizon_hours: 721 }, '/horizon_hours', 'out_of_range'],
    [{ view: 'nope' }, '/view', 'unknown_view'],
    [{ notify: 'yes' }, '/notify', 'invalid_type'],
    [{ notify: true }, '/notification_emails', 'required'],
    [{ notify: true, notification_emails: null }, '/notification_emails', 'required'],
    [{ notification_emails: 'ops@yard.test, nobody' }, '/notification_emails', 'invalid_format'],
    [{ notification_emails: '' }, '/notification_emails', 'invalid_format'],
    [{ secret: 'whsec_c2hvcnQ=' }, '/secret', 'invalid_secret'],
    [{ nmae: 'x' }, '/nmae', 'unknown_field'],
    [{ state: 'gone' }, '/state', 'invalid_value'],
    [{ active: true }, '/active', 'unknown_field'],
    [{ tenantId: 5 }, '/tenantId', 'read_only_field'],
    [{ integration_id: 0 }, '/integration_id', 'out_of_range'],
  ])('refuses %j at %s as %s', async (change, pointer, code) => {
    const answer = await us().post({ name: 'CRM', url, ...change })
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toMatchObject([{ pointer, code }])
  })

  it('refuses http:// where https is required', async () => {
    const strict = await startTestApi({ env: { HTTPS_REQUIRED: 'true' } })
    const answer = await supertest(strict.url)
      .post('/v1/subscriptions')
      .auth(strict.tokens.ours, { type: 'bearer' })
      .send({ name: 'x', url: 'http://example.com/' })
    expect(answer.body.errors).toMatchObject([{ pointer: '/url', code: 'https_required' }])
    await strict.close()
  })

  it('refuses a key that is taken, and an integration outside the token or not there', async () => {
    await make({ key: 'once' })
    const again = await us().post({ name: 'x', url, key: 'once' })
    expect([again.status, again.body.code]).toEqual([409, 'key_taken'])
    const other = await us().post({ name: 'x', url, integration_id: theirs })
    expect([other.status, other.body.code]).toEqual([403, 'insufficient_scope'])
    const vague = await as(api.tokens.both).post({ name: 'x', url })
    expect(vague.body.errors).toMatchObject([{ pointer: '/integration_id', code: 'required' }])
    const { token } = await createToken(api.database.orm, 'early', [asIntegrationId(777)])
    const early = await as(token).post({ name: 'x', url })
    expect(early.body.errors).toMatchObject([{ pointer: '/integration_id', code: 'unknown_integration' }])
  })
})

describe('the life of a subscription', () => {
  it('changes by PATCH, keeps what is absent, and counts revisions', async () => {
    const made = await make()
    const answer = await us().patch(made.id, { url: 'https://new.example.com/', state: 'paused', events: [] })
    expect(answer.status).toBe(200)
    const { secret: _secret, ...shown } = made
    expect(answer.body).toEqual({
      ...shown,
      url: 'https://new.example.com/',
      state: 'paused',
      events: [],
      revision: 2,
      updated_at: answer.body.updated_at,
    })
    expect((await us().patch(made.id, {})).body).toEqual(answer.body)
    const all = await us().patch(made.id, {
      events: ['*'],
      success_code: '2XX',
      timeout_seconds: 5,
      key: 'new-key',
      view: null,
    })
    expect(all.body).toMatchObject({ events: ['*'], success_code: '2XX', timeout_seconds: 5, key: 'new-key' })
    expect((await us().patch(made.id, { success_code: null, horizon_hours: 5 })).body).toMatchObject({
      success_code: null,
      horizon_hours: 5,
    })
  })

  it('refuses bad changes', async () => {
    const made = await make()
    await make({ key: 'occupied' })
    for (const [change, status, code] of [
      [{ secret: 'x' }, 422, 'read_only_field'],
      [{ state: 'gone' }, 422, 'invalid_value'],
      [{ url: 'https://127.1/' }, 422, 'blocked_address'],
      [{ events: ['nope'] }, 422, 'unknown_event_type'],
      [{ key: 'occupied' }, 409, 'key_taken'],
    ] as const) {
      const answer = await us().patch(made.id, change)
      expect([answer.status, answer.body.code]).toEqual([status, code])
    }
  })

  it('says by PATCH whether and to whom failures are mailed, and never to nobody', async () => {
    const made = await make({ notification_emails: 'ops@yard.test' })
    expect(made).toMatchObject({ notify: false, notification_emails: 'ops@yard.test' })
    const { body } = await us().patch(made.id, {
      notify: true,
      notification_emails: 'a@yard.test,b@yard.test',
    })
    expect(body).toMatchObject({ notify: true, notification_emails: 'a@yard.test,b@yard.test' })
    const cleared = await us().patch(made.id, { notification_emails: null })
    expect([cleared.status, cleared.body.errors[0].pointer]).toEqual([422, '/notification_emails'])
    expect((await us().patch(made.id, { notify: false, notification_emails: null })).body).toMatchObject({
      notify: false,
      notification_emails: null,
    })
  })

  it('ends by DELETE, once', async () => {
    const made = await make()
    expect((await us().delete(made.id)).status).toBe(204)
    expect((await us().delete(made.id)).status).toBe(404)
    expect((await us().get(`/${made.id}`)).status).toBe(404)
    expect((await us().patch(made.id, { name: 'x' })).status).toBe(404)
  })

  it('is logged for each change, without its URL', async () => {
    await make({ url: 'https://logged.example.com/secret-path' })
    await eventually(() => api.log.some((line) => line.includes('subscription.created')))
    expect(api.log.join('')).not.toContain('secret-path')
  })
})

describe('GET /v1/subscriptions', () => {
  it('lists by cursor, within the scope of the token', async () => {
    const { token } = await createToken(api.database.orm, 'lister', [theirs])
    const made: string[] = []
    for (let i = 0; i < 5; i += 1) made.push((await as(token).post({ name: `n${i}`, url })).body.id)
    const seen: string[] = []
    let path: string | undefined = '?limit=2&integration_id=34'
    while (path !== undefined) {
      const page = await as(token).get(path)
      expect(page.status).toBe(200)
      seen.push(...page.body.data.map((one: { id: string }) => one.id))
      path = /<\/v1\/subscriptions(.*)>; rel="next"/.exec(page.headers['link'] ?? '')?.[1]
      expect(path === undefined).toBe(page.body.next === null)
    }
    expect(seen).toEqual(made)
    expect((await us().get('?integration_id=34')).body).toEqual({ data: [], next: null })
    const both = await as(api.tokens.both).get('?limit=100')
    expect(new Set(both.body.data.map((one: { integration_id: number }) => one.integration_id))).toEqual(
      new Set([ours, theirs]),
    )
  })
})

describe("a change of another dialect's subscription", () => {
  const idOf = (number: number) => api.deps.publicIds.encode('subscription', asSubscriptionId(number))
  const nursa = async (kind: 'facility' | 'user', body: object) => {
    const answer = await supertest(api.url)
      .post(`/api/v2/public/webhooks/${kind}`)
      .auth(api.tokens.ours, { type: 'bearer' })
      .send({ url: 'https://clinic.example.com/', ...body })
    return answer.body.data as { id: string }
  }
  const shownByNursa = async (kind: 'facility' | 'user', id: string) => {
    const answer = await supertest(api.url)
      .get(`/api/v2/public/webhooks/${kind}`)
      .auth(api.tokens.ours, { type: 'bearer' })
    return (answer.body.data as { id: string }[]).find((one) => one.id === id)
  }

  it('takes ["*"] for all events of the kind of a Nursa webhook', async () => {
    const made = await nursa('user', { events: ['facility.creation.accepted'] })
    const answer = await us().patch(made.id, { events: ['*'] })
    expect(answer.body.events).toEqual([
      'facility.user-connection.accepted',
      'facility.user-connection.rejected',
      'facility.creation.accepted',
      'facility.creation.rejected',
    ])
    expect(await shownByNursa('user', made.id)).toMatchObject({ events: ['all'] })
  })

  it('refuses events of the other kind of Nursa webhook, and takes its own', async () => {
    const made = await nursa('facility', { events: ['all'], facilities: ['P-1'] })
    const refused = await us().patch(made.id, { events: ['shift.created', 'facility.creation.accepted'] })
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([{ pointer: '/events/1', code: 'unknown_event_type' }])
    expect((await us().patch(made.id, { events: ['shift.created'] })).status).toBe(200)
    expect(await shownByNursa('facility', made.id)).toMatchObject({
      events: ['shift.created'],
      facilities: ['P-1'],
    })
  })

  it('refuses another event of a Planning Center subscription', async () => {
    const name = 'orders.v2.events.order.delivered'
    const { body } = await supertest(api.url)
      .post('/webhooks/v2/webhook_subscriptions')
      .auth(api.tokens.ours, { type: 'bearer' })
      .send({ data: { type: 'WebhookSubscription', attributes: { name, url: 'https://rx.example.com/' } } })
    const id = idOf(Number(body.data.id))
    for (const events of [
      ['*'],
      [],
      ['orders.v2.events.order.canceled'],
      [name, 'orders.v2.events.order.canceled'],
    ]) {
      const answer = await us().patch(id, { events })
      expect([answer.status, answer.body.code]).toEqual([422, 'read_only_field'])
    }
    expect((await us().patch(id, { events: [name], state: 'paused' })).body).toMatchObject({
      events: [name],
      state: 'paused',
    })
  })

  it('lists for the PlanOmatic API what ["*"] stands for', async () => {
    const { body } = await supertest(api.url).post('/api/v1/webhook_out_subs/create').send({
      token: api.tokens.ours,
      integration_id: ours,
      key: 'all-statuses',
      name: 'All',
      callback_url: 'https://all.example.com/',
      version: '2',
    })
    const { id } = body.data.webhook_out_sub
    expect((await us().patch(idOf(id), { events: ['*'] })).body.events).toHaveLength(20)
    const { body: found } = await supertest(api.url)
      .post('/api/v1/webhook_out_subs/index')
      .send({ token: api.tokens.ours, integration_id: ours, search: { term: 'all-statuses' } })
    expect(found.data.results[0].statuses).toHaveLength(20)
  })
})

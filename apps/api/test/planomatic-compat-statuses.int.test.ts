import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { deployRoute, deployService } from '@waybill/db'
import supertest, { type Response } from 'supertest'
import { eventTypes, orderStatuses } from './support/planomatic-page.ts'
import { ageSessions, logIn, makeUser, sessionFor } from './support/planomatic-user.ts'
import { ours, startApiOn, startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let subscriber: number
let keys = 0
beforeAll(async () => {
  api = await startTestApi()
  const { body } = await send('webhook_out_subs/create')
  subscriber = body.data.webhook_out_sub.id
})
afterAll(() => api.close())

/** The calls whose pages list the statuses. */
const calls = [
  'webhook_jobs/index',
  'webhook_out_subs/create',
  'webhook_out_subs/update',
  'webhook_out_subs/index',
] as const
type Call = (typeof calls)[number]

const start = (call: Call, url = api.url, query = '') =>
  supertest(url)[call.endsWith('update') ? 'put' : 'post'](`/api/v1/${call}${query}`)

/** A good request to the call, with the changes. */
function send(call: Call, change: object = {}, url = api.url) {
  const own = {
    'webhook_jobs/index': {},
    'webhook_out_subs/create': {
      key: `compat-${(keys += 1)}`,
      name: 'Compat',
      callback_url: 'https://crm.example.com/hook',
      version: '3',
    },
    'webhook_out_subs/update': { id: subscriber, version: '3' },
    'webhook_out_subs/index': {},
  }
  return start(call, url).send({ token: api.tokens.ours, integration_id: ours, ...own[call], ...change })
}

const raw = (call: Call, type: string, body: string) =>
  start(call)
    .set('Content-Type', type)
    .serialize((text: string) => text)
    .send(body)

/** The status that a good request to each call gets. */
async function expectEach(request: (call: Call) => PromiseLike<Response>, code: number, status: string) {
  for (const call of calls) {
    const answer = await request(call)
    expect([call, answer.status, answer.body.code, answer.body.status]).toEqual([call, code, code, status])
  }
}

const users = async (roles: ['client'] | [] = ['client']) => {
  const { id, email } = await makeUser(api, { roles })
  const token =
    roles.length > 0 ? await sessionFor(api, email) : (await logIn(api, email)).body.data.session.token
  return { id, token: token as string }
}

describe('every call that its page says it of', () => {
  it('answers action-successful 200, to the token of a session as to that of an application', async () => {
    await expectEach((call) => send(call), 200, 'action-successful')
    const { token } = await users()
    await expectEach((call) => send(call, { token }), 200, 'action-successful')
  })

  it('answers invalid-token 401', async () => {
    await expectEach((call) => send(call, { token: 'wbt_nobody' }), 401, 'invalid-token')
  })

  it.each([
    ['older than seven days', { created: 168, used: 0 }],
    ['unused for 72 hours', { created: 72, used: 72 }],
  ])('answers session-expired 401 to a session %s', async (_how, hours) => {
    const { id, token } = await users()
    await ageSessions(api, id, hours)
    await expectEach((call) => send(call, { token }), 401, 'session-expired')
  })

  it('answers client-required 401 with the session to a user without any record', async () => {
    const { token } = await users([])
    await expectEach((call) => send(call, { token }), 401, 'client-required')
    for (const call of calls) expect((await send(call, { token })).body.data.session.token).toBe(token)
  })

  it('answers missing-param 400', async () => {
    await expectEach((call) => send(call, { integration_id: undefined }), 400, 'missing-param')
  })

  it('answers invalid-param 400 to an id that does not exist', async () => {
    await expectEach((call) => send(call, { integration_id: 999_999 }), 400, 'invalid-param')
  })

  it('answers invalid-content-type 400', async () => {
    await expectEach((call) => raw(call, 'text/xml', '<a/>'), 400, 'invalid-content-type')
    await expectEach(
      (call) => raw(call, 'application/x-www-form-urlencoded', 'a=1'),
      400,
      'invalid-content-type',
    )
  })

  it('answers no-params-decoded 400 to a body without parameters', async () => {
    await expectEach((call) => raw(call, 'application/json', '[]'), 400, 'no-params-decoded')
  })

  it('answers invalid-encoded-params 400 to a body that cannot be decoded', async () => {
    await expectEach((call) => raw(call, 'application/json', '{"token"'), 400, 'invalid-encoded-params')
  })

  it('answers route-non-existent 500 to another method', async () => {
    await expectEach((call) => supertest(api.url).delete(`/api/v1/${call}`), 500, 'route-non-existent')
  })

  it('answers application-crash 500 when the database breaks below it', async () => {
    const { sql } = api.database
    for (const table of ['deliveries', 'subscriptions'])
      await sql.unsafe(`ALTER TABLE ${table} RENAME TO ${table}_`)
    try {
      await expectEach((call) => send(call), 500, 'application-crash')
    } finally {
      for (const table of ['deliveries', 'subscriptions'])
        await sql.unsafe(`ALTER TABLE ${table}_ RENAME TO ${table}`)
    }
  })

  it('answers route-not-found 500 while its route is not deployed', async () => {
    const deploy = async (deployed: boolean) => {
      for (const call of calls) await deployRoute(api.database.orm, 'test', `/api/v1/${call}`, deployed)
    }
    await deploy(false)
    const other = await startApiOn(api.databaseUrl)
    try {
      await expectEach((call) => send(call, {}, other.url), 500, 'route-not-found')
    } finally {
      await deploy(true)
      await other.close()
    }
  })

  it('answers service-not-found 500 while its service is not deployed', async () => {
    await deployService(api.database.orm, 'test', 'planocore', false)
    const other = await startApiOn(api.databaseUrl)
    try {
      await expectEach((call) => send(call, {}, other.url), 500, 'service-not-found')
    } finally {
      await deployService(api.database.orm, 'test', 'planocore', true)
      await other.close()
    }
  })

  it('answers identify-request-error 500 when the routes cannot be read', async () => {
    await api.database.sql`ALTER TABLE routes RENAME TO routes_`
    const other = await startApiOn(api.databaseUrl)
    try {
      await expectEach((call) => send(call, {}, other.url), 500, 'identify-request-error')
    } finally {
      await api.database.sql`ALTER TABLE routes_ RENAME TO routes`
      await other.close()
    }
  })
})

describe('webhook_out_subs/create, as its page lists it', () => {
  it('statuses takes every order status and events every event type', async () => {
    const { body } = await send('webhook_out_subs/create', { statuses: orderStatuses, events: eventTypes })
    const { statuses, events } = body.data.webhook_out_sub as { statuses: string[]; events: string[] }
    expect(statuses).toEqual(orderStatuses)
    expect(events.map((event) => event.split('.').at(-1))).toEqual(eventTypes)
    expect(new Set(events.map((event) => event.split('.')[0]))).toEqual(new Set(['order', 'appointment']))
  })

  it.each([
    ['statuses', []],
    ['events', []],
    ['notification_emails', null],
    ['success_code', null],
    ['payload_render_view', null],
    ['active', true],
    ['notify', false],
  ])('%s is not required', async (name, shown) => {
    const answer = await send('webhook_out_subs/create')
    expect(answer.status).toBe(200)
    expect(answer.body.data.webhook_out_sub[name]).toEqual(shown)
  })

  it('callback_url may be http or https, and its query string is kept byte for byte', async () => {
    for (const url of [
      'http://crm.example.com/a?K=%2f%20&k=+&k=ü&&=',
      'https://crm.example.com/?a[]=1&%zz',
    ]) {
      const { body } = await send('webhook_out_subs/create', { callback_url: url })
      expect(body.data?.webhook_out_sub.callback_url).toBe(url)
    }
  })
})

describe('sessions/create, as its page lists it', () => {
  it('takes its eight parameters at once', async () => {
    const { email } = await makeUser(api)
    const answer = await logIn(api, email, {
      application: 'planoauth',
      redirect_url: 'https://planoauth.example.com/after?x=1',
      view: 'default',
      application_view: 'default',
      session_view: 'default',
      remember_me: true,
    })
    expect([answer.status, answer.body.status]).toEqual([200, 'action-successful'])
    expect(answer.body.data.session).toMatchObject({ application: 'planoauth', remember_me: true })
  })

  it.each(['email', 'password', 'application'])('%s is required', async (attr) => {
    const { body } = await logIn(api, 'pat@yard.example.com', { [attr]: '' })
    expect(body).toMatchObject({ code: 400, status: 'missing-param', errors: [{ attr, message: 'missing' }] })
  })
})

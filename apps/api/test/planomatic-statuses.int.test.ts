import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken, deployRoute, deployService } from '@waybill/db'
import { eventually, startProxy } from '@waybill/testing'
import supertest, { type Response } from 'supertest'
import { createRouteRecords } from '../src/planomatic/route-records.ts'
import {
  ageSessions,
  logIn,
  makeUser,
  sendSensitive,
  sendText,
  sessionFor,
} from './support/planomatic-user.ts'
import { ours, startApiOn, startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const index = '/api/v1/webhook_jobs/index'
const register = '/api/v1/users/client_register'
const login = '/api/v1/sessions/create'
const ask = (change: object = {}, url = api.url) =>
  supertest(url)
    .post(index)
    .send({ token: api.tokens.ours, integration_id: ours, ...change })

/** The whole envelope: the HTTP status is the code, and nothing is there that has nothing to say. */
function expectAnswer({ status, body, headers }: Response, code: number, name: string, rest: object = {}) {
  expect([status, body.status]).toEqual([code, name])
  expect(body).toEqual({ code, status: name, message: expect.stringMatching(/\S/), ...rest })
  expect(headers['cache-control']).toBe('no-store')
  expect(headers['content-type']).toMatch(/^application\/json/)
}

describe('the statuses of every call', () => {
  it('action-successful 200 is answered when the request was a success', async () => {
    expectAnswer(await ask(), 200, 'action-successful', { data: { results: [] } })
  })

  it('invalid-token 401 is answered when nobody has the token, or it was revoked, ended or is for other APIs', async () => {
    const { token: native } = await createToken(api.database.orm, 'native', [ours], { scopes: ['v1'] })
    const { id, email } = await makeUser(api)
    const ended = await sessionFor(api, email)
    await api.database.sql`UPDATE sessions SET ended_at = now() WHERE user_id = ${id}::int`
    for (const token of ['wbt_nobody', 'wbs_nobody', 'x'.repeat(300), native, ended])
      expectAnswer(await ask({ token }), 401, 'invalid-token')
  })

  it('session-expired 401 is answered when a session is over seven days old or unused for 72 hours', async () => {
    const { id, email } = await makeUser(api)
    const token = await sessionFor(api, email)
    await ageSessions(api, id, { created: 168, used: 0 })
    expectAnswer(await ask({ token }), 401, 'session-expired')
    await ageSessions(api, id, { created: 72, used: 72 })
    expectAnswer(await ask({ token }), 401, 'session-expired')
    expectAnswer(await sendSensitive(api, register, { token }), 401, 'session-expired')
    await ageSessions(api, id, { created: 167, used: 71 })
    expectAnswer(await ask({ token }), 200, 'action-successful', { data: { results: [] } })
  })

  it('client-required 401 is answered when the user has no role, with a session that can register', async () => {
    const { email } = await makeUser(api, { roles: [] })
    const first = await logIn(api, email)
    const session = {
      token: expect.stringMatching(/^wbs_[\w-]{43}$/),
      expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      remember_me: false,
      application: 'planoauth',
      user: { id: expect.any(Number), email, first_name: 'Pat', last_name: 'Yard', roles: [] },
      scoped_integrations: [ours],
    }
    expectAnswer(first, 401, 'client-required', { data: { session } })
    const { token, expires_at } = first.body.data.session
    const again = await ask({ token })
    expectAnswer(again, 401, 'client-required', { data: { session: { ...session, token, expires_at } } })
    const registered = await sendSensitive(api, register, { token: again.body.data.session.token })
    expect([registered.status, registered.body.status]).toEqual([200, 'action-successful'])
    expectAnswer(await ask({ token }), 200, 'action-successful', { data: { results: [] } })
  })

  it('missing-param 400 is answered when a required parameter is absent, null or empty', async () => {
    const errors = [
      { attr: 'token', message: 'missing' },
      { attr: 'integration_id', message: 'missing' },
    ]
    const answer = await ask({ token: '', integration_id: null })
    expectAnswer(answer, 400, 'missing-param', { errors })
    const none = await sendSensitive(api, login, { email: ' ', view: 'x' })
    const attrs = ['email', 'password', 'application']
    expectAnswer(none, 400, 'missing-param', { errors: attrs.map((attr) => ({ attr, message: 'missing' })) })
  })

  it('invalid-param 400 is answered when a parameter is not what it has to be', async () => {
    const errors = [{ attr: 'sort.by', message: 'unrecognized' }]
    expectAnswer(await ask({ sort: { by: 'nope' } }), 400, 'invalid-param', { errors })
    const { body } = await logIn(api, 'no address')
    expect(body).toMatchObject({ code: 400, status: 'invalid-param', errors: [{ attr: 'email' }] })
  })

  it('invalid-content-type 400 is answered when a body is declared as something else than its call takes', async () => {
    const errors = [{ attr: 'content-type', message: expect.any(String) }]
    const wrong = { errors }
    expectAnswer(await sendText(api, index, 'e30='), 400, 'invalid-content-type', wrong)
    expectAnswer(await sendText(api, login, '{}', 'application/json'), 400, 'invalid-content-type', wrong)
    expectAnswer(
      await sendText(api, login, 'e30=', 'text/plain; charset=utf-16'),
      400,
      'invalid-content-type',
      wrong,
    )
    expectAnswer(await supertest(api.url).post(login), 400, 'invalid-content-type', wrong)
    expectAnswer(await sendText(api, register, '<a/>', 'text/xml'), 400, 'invalid-content-type', wrong)
  })

  it('route-non-existent 500 is answered when there is no such path, or not with this method', async () => {
    expectAnswer(await supertest(api.url).post('/api/v1/nope'), 500, 'route-non-existent')
    expectAnswer(await supertest(api.url).get(index), 500, 'route-non-existent')
  })
})

describe('the statuses of sensitive parameters', () => {
  it('no-params-decoded 400 is answered when the body decodes to nothing or to no object', async () => {
    for (const text of ['', ' \n', '{}', '[]', 'null', '5', '"x"'])
      expectAnswer(
        await sendText(api, login, Buffer.from(text.trim()).toString('base64')),
        400,
        'no-params-decoded',
      )
  })

  it('invalid-encoded-params 400 is answered when the body is no base64, or no JSON below it', async () => {
    const errors = [{ attr: 'body', message: expect.any(String) }]
    const latin1 = Buffer.from([0x22, 0xe4, 0x22]).toString('base64')
    for (const body of ['{"email":"a@b.test"}', 'e30!', 'e', 'e30==', '=', '+_==', 'bm90IGpzb24=', latin1])
      expectAnswer(await sendText(api, login, body), 400, 'invalid-encoded-params', { errors })
  })

  it('email-not-found 400 is answered when nobody has the address', async () => {
    expectAnswer(await logIn(api, 'nobody@yard.example.com'), 400, 'email-not-found')
  })

  it('invalid-password 400 is answered when the password is another one', async () => {
    const { email } = await makeUser(api)
    expectAnswer(await logIn(api, email, { password: 'wrong' }), 400, 'invalid-password')
  })

  it('user-has-no-password 400 is answered when the user has none, or an empty one', async () => {
    const { id, email } = await makeUser(api, { password: null })
    expectAnswer(await logIn(api, email), 400, 'user-has-no-password')
    await api.database.sql`UPDATE users SET password_hash = '' WHERE id = ${id}::int`
    expectAnswer(await logIn(api, email), 400, 'user-has-no-password')
  })
})

describe('the statuses of faults', () => {
  it('route-not-found 500 is answered when the record of the route is not deployed, or is missing', async () => {
    await deployRoute(api.database.orm, 'test', index, false)
    await api.database.sql`DELETE FROM routes WHERE path = ${register}`
    const other = await startApiOn(api.databaseUrl)
    try {
      expectAnswer(await ask({}, other.url), 500, 'route-not-found')
      expectAnswer(await supertest(other.url).post(register), 500, 'route-not-found')
      await deployRoute(api.database.orm, 'test', index, true)
      await eventually(async () => (await ask({}, other.url)).status === 200)
    } finally {
      await deployRoute(api.database.orm, 'test', index, true)
      await api.database.sql`INSERT INTO routes (path, service) VALUES (${register}, 'planoauth')`
      await other.close()
    }
  })

  it('service-not-found 500 is answered when the service of the route is not deployed', async () => {
    await deployService(api.database.orm, 'test', 'planoauth', false)
    const other = await startApiOn(api.databaseUrl)
    try {
      const answer = await supertest(other.url).post(login)
      expectAnswer(answer, 500, 'service-not-found')
      expectAnswer(await ask({}, other.url), 200, 'action-successful', { data: { results: [] } })
    } finally {
      await deployService(api.database.orm, 'test', 'planoauth', true)
      await other.close()
    }
  })

  it('identify-request-error 500 is answered when the records of the routes cannot be read', async () => {
    await api.database.sql`ALTER TABLE routes RENAME TO routes_`
    const other = await startApiOn(api.databaseUrl)
    try {
      const broken = await supertest(other.url).post(index).type('text/xml').send('<not-even-looked-at/>')
      expectAnswer(broken, 500, 'identify-request-error')
      expect(broken.headers['retry-after']).toBe('1')
      await api.database.sql`ALTER TABLE routes_ RENAME TO routes`
      await eventually(async () => (await ask({}, other.url)).status === 200)
    } finally {
      await api.database.sql`ALTER TABLE IF EXISTS routes_ RENAME TO routes`
      await other.close()
    }
  })

  it('application-crash 500 is answered when the database breaks below a call, without telling where', async () => {
    await api.database.sql`ALTER TABLE deliveries RENAME TO deliveries_`
    const bug = await ask()
    await api.database.sql`ALTER TABLE deliveries_ RENAME TO deliveries`
    expectAnswer(bug, 500, 'application-crash')
    expect(bug.text).not.toMatch(/deliveries|relation|\.ts/)

    const proxy = await startProxy()
    const other = await startApiOn(proxy.route(api.databaseUrl))
    try {
      proxy.cutAfter('deliveries')
      const cut = await ask({}, other.url)
      expectAnswer(cut, 500, 'application-crash')
      expect(cut.headers['retry-after']).toBe('1')
      expect(cut.text).not.toMatch(/CONNECTION|ECONN|\.ts/)
      proxy.hang()
      expectAnswer(await ask({}, other.url), 500, 'application-crash')
    } finally {
      await other.close()
      await proxy.close()
    }
  })
})

describe('a request', () => {
  it('is checked in the order route, content type, encoding, token, parameters', async () => {
    const send = async (path: string, type: string, body: string) =>
      (await sendText(api, `/api/v1/${path}`, body, type)).body.status as string
    const json = (change: object) => JSON.stringify({ sort: { by: 'nope' }, integration_id: 'x', ...change })
    const jobs = 'webhook_jobs/index'
    expect([
      await send('nope', 'text/xml', '{'),
      await send(jobs, 'text/xml', '{'),
      await send(jobs, 'application/json', '{'),
      await send(jobs, 'application/json', json({})),
      await send(jobs, 'application/json', json({ token: 'wbt_nobody' })),
      await send(jobs, 'application/json', json({ token: api.tokens.ours })),
    ]).toEqual([
      'route-non-existent',
      'invalid-content-type',
      'invalid-encoded-params',
      'missing-param',
      'invalid-token',
      'invalid-param',
    ])
    const text = (params: object) => Buffer.from(JSON.stringify(params)).toString('base64')
    expect([
      await send('users/client_register', 'text/xml', '{'),
      await send('users/client_register', 'text/plain', '{'),
      await send('users/client_register', 'text/plain', text({ phone: 5 })),
      await send('users/client_register', 'text/plain', text({ phone: 5, token: 'wbs_nobody' })),
    ]).toEqual(['invalid-content-type', 'invalid-encoded-params', 'missing-param', 'invalid-token'])
  })
})

describe('the status of mails', () => {
  it('mandrill-email-failed 500 is answered when the mail of a call cannot be sent', async () => {
    const other = await startApiOn(api.databaseUrl, { SMTP_URL: 'smtp://127.0.0.1:1' })
    try {
      const answer = await supertest(other.url).post('/api/v1/webhook_out_subs/create').send({
        token: api.tokens.ours,
        integration_id: ours,
        key: 'no-mail',
        name: 'No mail',
        callback_url: 'https://crm.example.com/hook',
        notification_emails: 'ops@crm.example.com',
        notify: true,
        version: '3',
      })
      expectAnswer(answer, 500, 'mandrill-email-failed')
    } finally {
      await other.close()
    }
  })
})

describe('the records of routes', () => {
  it('are read once for all who wait, then believed for a while, and outlive a database that is away', async () => {
    let now = 0
    let reads = 0
    let away = false
    const record = {
      path: index,
      deployedAt: new Date(),
      service: 'planocore',
      serviceDeployedAt: new Date(),
    }
    const records = createRouteRecords(
      async () => {
        reads += 1
        if (away) throw new Error('away')
        return [record]
      },
      { monotonic: () => now, onError: () => undefined },
    )
    await Promise.all([records.identify(index), records.identify(index)])
    now = 4_999
    await records.identify(index)
    expect(reads).toBe(1)
    now = 5_000
    await records.identify(index)
    expect(reads).toBe(2)
    away = true
    now = 10_000
    await records.identify(index)
    await records.identify(index)
    expect(reads).toBe(3)
    now = 11_000
    await records.identify(index)
    expect(reads).toBe(4)
  })
})

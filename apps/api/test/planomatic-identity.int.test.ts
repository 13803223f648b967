import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { hashToken } from '@waybill/db'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import {
  ageSessions,
  logIn,
  makeUser,
  password,
  sendSensitive,
  sendText,
  sessionFor,
} from './support/planomatic-user.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ env: { TOKEN_CACHE_MS: '0' } })
})
afterAll(() => api.close())

const login = '/api/v1/sessions/create'
const register = '/api/v1/users/client_register'
const index = '/api/v1/webhook_jobs/index'
const ask = (token: string, change: object = {}) =>
  supertest(api.url)
    .post(index)
    .send({ token, integration_id: ours, ...change })

describe('sessions/create', () => {
  it('answers with a session of seven days, of which only the hash is stored', async () => {
    const { id, email } = await makeUser(api, {
      roles: ['employee', 'liaison'],
      integrations: [ours, theirs],
    })
    const answer = await logIn(api, email.toUpperCase(), { redirect_url: 'https://x.example.com', view: 'v' })
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    const { session } = answer.body.data
    expect(session).toEqual({
      token: expect.stringMatching(/^wbs_[\w-]{43}$/),
      expires_at: expect.any(String),
      remember_me: false,
      application: 'planoauth',
      user: { id, email, first_name: 'Pat', last_name: 'Yard', roles: ['employee', 'liaison'] },
      scoped_integrations: [ours, theirs],
    })
    const [row] = await api.database.sql`
      SELECT hash, application, created_at, to_jsonb(sessions)::text AS all FROM sessions WHERE user_id = ${id}::int`
    expect(row).toMatchObject({ hash: hashToken(session.token), application: 'planoauth' })
    expect(row?.['all']).not.toContain(session.token)
    const sevenDays = 7 * 24 * 3_600_000
    const createdAt = row?.['created_at'] as Date
    expect(Date.parse(session.expires_at)).toBe(createdAt.getTime() + sevenDays)
  })

  it('makes a session without an end when it is to be remembered', async () => {
    const { id, email } = await makeUser(api)
    const { body } = await logIn(api, email, { remember_me: 'true' })
    expect(body.data.session).toMatchObject({ expires_at: null, remember_me: true })
    await ageSessions(api, id, { created: 24 * 400, used: 24 * 400 })
    expect((await ask(body.data.session.token)).status).toBe(200)
  })

  it('takes base64 of either alphabet, with or without padding, line ends and a charset', async () => {
    const { email } = await makeUser(api)
    const json = JSON.stringify({ email, password, application: '>>>???ÿÿÿ' })
    const standard = Buffer.from(json).toString('base64')
    expect(standard).toMatch(/[+/]/)
    const bodies = [
      standard,
      standard.replace(/=+$/, ''),
      Buffer.from(json).toString('base64url'),
      `  ${standard.match(/.{1,76}/g)?.join('\r\n')}\n`,
    ]
    for (const body of bodies) {
      const answer = await sendText(api, login, body, 'text/plain; charset=UTF-8')
      expect([answer.status, answer.body.data?.session.application]).toEqual([200, '>>>???ÿÿÿ'])
    }
  })

  it('leaves the query string alone', async () => {
    const { email } = await makeUser(api)
    const query = `?password=${encodeURIComponent(password)}`
    const answer = await sendSensitive(api, login + query, { email, application: 'planoauth' })
    expect(answer.body).toMatchObject({ status: 'missing-param', errors: [{ attr: 'password' }] })
  })

  it.each<[Record<string, unknown>, string]>([
    [{ email: 'a\u0000@yard.example.com' }, 'email'],
    [{ email: 'a\ud800@yard.example.com' }, 'email'],
    [{ email: 5 }, 'email'],
    [{ email: `${'x'.repeat(300)}@yard.example.com` }, 'email'],
    [{ password: { $ne: 1 } }, 'password'],
    [{ password: 'x'.repeat(1_025) }, 'password'],
    [{ application: 'a\ud800' }, 'application'],
    [{ application: 'x'.repeat(256) }, 'application'],
    [{ remember_me: 'perhaps' }, 'remember_me'],
    [{ redirect_url: ['x'] }, 'redirect_url'],
  ])('answers invalid-param to %j', async (change, attr) => {
    const answer = await logIn(api, 'nobody@yard.example.com', change)
    expect(answer.body).toMatchObject({ code: 400, status: 'invalid-param', errors: [{ attr }] })
  })

  it('forgets sessions of the user that ended long ago', async () => {
    const { id, email } = await makeUser(api)
    await sessionFor(api, email)
    await ageSessions(api, id, { created: 24 * 31, used: 24 * 31 })
    await sessionFor(api, email)
    await sessionFor(api, email)
    const [row] = await api.database.sql`SELECT count(*)::int AS n FROM sessions WHERE user_id = ${id}::int`
    expect(row).toEqual({ n: 2 })
  })
})

describe('a session', () => {
  it('reaches the integrations of its user, in this dialect only', async () => {
    const { email } = await makeUser(api, { roles: ['liaison'] })
    const token = await sessionFor(api, email)
    expect((await ask(token)).status).toBe(200)
    const foreign = await ask(token, { integration_id: theirs })
    expect(foreign.body).toMatchObject({
      status: 'invalid-param',
      errors: [{ attr: 'integration_id', message: 'unauthorized' }],
    })
    const native = await supertest(api.url).get('/v1/subscriptions').auth(token, { type: 'bearer' })
    expect(native.status).toBe(401)
  })

  it('has its use recorded once a minute at most', async () => {
    const { id, email } = await makeUser(api)
    const token = await sessionFor(api, email)
    const usedAt = async () => {
      const [row] = await api.database.sql`
        SELECT used_at, used_at > now() - interval '30 seconds' AS fresh FROM sessions WHERE user_id = ${id}::int`
      return { at: row?.['used_at'] as Date, fresh: row?.['fresh'] as boolean }
    }
    await ageSessions(api, id, { created: 1, used: 1 })
    await ask(token)
    const first = await usedAt()
    expect(first.fresh).toBe(true)
    await ask(token)
    expect(await usedAt()).toEqual(first)
  })

  it('is asked for once while it is remembered, and noticed as ended after that', async () => {
    const cached = await startTestApi({ env: { TOKEN_CACHE_MS: '300' } })
    try {
      const { id, email } = await makeUser(cached)
      const token = await sessionFor(cached, email)
      const call = () => supertest(cached.url).post(index).send({ token, integration_id: ours })
      expect((await call()).status).toBe(200)
      await cached.database.sql`UPDATE sessions SET ended_at = now() WHERE user_id = ${id}::int`
      await eventually(async () => (await call()).body.status === 'invalid-token')
    } finally {
      await cached.close()
    }
  })
})

describe('users/client_register', () => {
  it('makes a user a client, and says the same again to one who is', async () => {
    const { id, email } = await makeUser(api, { roles: [], integrations: [] })
    const { body: refused } = await logIn(api, email)
    const { token } = refused.data.session
    const profile = { company: 'Yard Ltd.', first_name: 'Sam', phone: '+1 303 555 0100', last_name: '' }
    const first = await sendSensitive(api, register, { token, ...profile })
    expect(first.headers['cache-control']).toBe('no-store')
    const user = { id, email, first_name: 'Sam', last_name: 'Yard', roles: ['client'] }
    expect(first.body).toEqual({
      code: 200,
      status: 'action-successful',
      message: expect.any(String),
      data: {
        user: { ...user, company: 'Yard Ltd.', phone: '+1 303 555 0100' },
        session: { ...refused.data.session, user },
      },
    })
    const again = await supertest(api.url).post(register).send({ token })
    expect(again.body).toEqual(first.body)
    const [row] = await api.database.sql`
      SELECT count(*)::int AS n, count(*) FILTER (WHERE details ->> 'isNew' = 'true')::int AS new
      FROM audit_log WHERE action = 'user.registered' AND target = ${String(id)}`
    expect(row).toEqual({ n: 2, new: 1 })
  })

  it('keeps the roles that a user has', async () => {
    const { email } = await makeUser(api, { roles: ['employee'] })
    const answer = await sendSensitive(api, register, { token: await sessionFor(api, email) })
    expect(answer.body.data.user.roles).toEqual(['employee', 'client'])
  })

  it('answers invalid-param to the token of an application, and invalid-token to one that nobody has', async () => {
    const application = await sendSensitive(api, register, { token: api.tokens.ours, company: 5 })
    expect(application.body).toMatchObject({
      code: 400,
      status: 'invalid-param',
      errors: [{ attr: 'token' }],
    })
    for (const token of ['wbt_nobody', 'wbs_nobody']) {
      const { body } = await sendSensitive(api, register, { token, company: 5 })
      expect([body.code, body.status]).toEqual([401, 'invalid-token'])
    }
    const none = await sendSensitive(api, register, { company: 'x' })
    expect(none.body).toMatchObject({ status: 'missing-param', errors: [{ attr: 'token' }] })
  })

  it.each([{ company: 'x'.repeat(256) }, { phone: 5 }, { first_name: 'a\ud800' }, { last_name: 'a\nb' }])(
    'answers invalid-param to %j',
    async (change) => {
      const { email } = await makeUser(api, { roles: [] })
      const { body } = await logIn(api, email)
      const answer = await sendSensitive(api, register, { token: body.data.session.token, ...change })
      expect(answer.body).toMatchObject({
        code: 400,
        status: 'invalid-param',
        errors: [{ attr: Object.keys(change)[0] }],
      })
    },
  )
})

describe('the log', () => {
  it('names users and sessions, and never a password, an address or a token', async () => {
    const { id, email } = await makeUser(api, { roles: [] })
    const { body } = await logIn(api, email)
    const { token } = body.data.session
    await logIn(api, email, { password: 'not-the-password' })
    await sendSensitive(api, register, { token })
    await ask(token)
    await api.database.sql`ALTER TABLE sessions RENAME TO sessions_`
    expect((await ask(token)).body.status).toBe('application-crash')
    expect((await logIn(api, email)).body.status).toBe('application-crash')
    await api.database.sql`ALTER TABLE sessions_ RENAME TO sessions`
    await api.database.sql`ALTER TABLE users RENAME TO users_`
    expect((await logIn(api, email)).body.status).toBe('application-crash')
    await api.database.sql`ALTER TABLE users_ RENAME TO users`
    const log = api.log.join('')
    expect(log).toMatch(new RegExp(`"event":"session.created","session":\\d+,"user":${id},`))
    expect(log).toContain('"event":"user.registered"')
    expect(log).toContain('"event":"request.failed"')
    for (const secret of [token, password, 'not-the-password', email, 'wbs_', '$scrypt'])
      expect(log).not.toContain(secret)
  })
})

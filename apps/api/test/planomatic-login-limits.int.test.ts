import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'
import { logIn, makeUser, password, sendSensitive } from './support/planomatic-user.ts'
import { startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ env: { TRUSTED_PROXIES: '1' } })
})
afterAll(() => api.close())

const path = '/api/v1/sessions/create'
let addresses = 0
/** One that no other test uses. */
const newAddress = () => `198.51.${Math.floor((addresses += 1) / 250)}.${(addresses % 250) + 1}`

/** A login that the proxy says came from this address. */
const logInFrom = (address: string, email: string, change: object = {}) =>
  sendSensitive(api, path, { email, password, application: 'planoauth', ...change }).set(
    'X-Forwarded-For',
    address,
  )

const wrong = { password: 'not-the-password' }

describe('logins with the right password', () => {
  it('all get a session, many at once to one account from one address', async () => {
    const { email } = await makeUser(api)
    const address = newAddress()
    const logins = Array.from({ length: 15 }, async () => (await logInFrom(address, email)).status)
    expect(new Set(await Promise.all(logins))).toEqual(new Set([200]))
  })

  it('count for nothing, however many there were', async () => {
    const { email } = await makeUser(api)
    const address = newAddress()
    for (let i = 0; i < 12; i += 1) expect((await logInFrom(address, email)).status).toBe(200)
    for (let i = 0; i < 10; i += 1) expect((await logInFrom(address, email, wrong)).status).toBe(400)
    expect((await logInFrom(address, email, wrong)).status).toBe(429)
  })
})

describe('failed logins', () => {
  it('are limited to ten an account in a quarter of an hour, however many come at once', async () => {
    const { email } = await makeUser(api)
    const other = await makeUser(api)
    const address = newAddress()
    const guesses = Array.from(
      { length: 15 },
      async (_, i) => (await logInFrom(address, email, { password: `guess-${i}` })).status,
    )
    const statuses = (await Promise.all(guesses)).sort((a, b) => a - b)
    expect(statuses).toEqual([
      ...Array.from({ length: 10 }, () => 400),
      ...Array.from({ length: 5 }, () => 429),
    ])
    const refused = await logInFrom(newAddress(), email)
    expect(refused.status).toBe(429)
    expect(refused.body).toEqual({
      code: 429,
      status: 'invalid-password',
      message: expect.stringContaining('Too many'),
    })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await logInFrom(address, other.email)).status).toBe(200)
  })

  it('are limited to ten an account, in whatever way its address is typed', async () => {
    const email = 'li.kim.i@yard.example.com'
    await makeUser(api, { email })
    // U+0130 and U+212A: PostgreSQL and JavaScript may differ about their lower case.
    const ways = [
      email,
      email.toUpperCase(),
      email.replaceAll('i', '\u0130'),
      email.replaceAll('k', '\u212A'),
    ]
    const address = newAddress()
    const statuses: string[] = []
    for (let i = 0; i < 48; i += 1) {
      const { body } = await logInFrom(address, ways[i % ways.length] ?? '', wrong)
      if (body.status !== 'email-not-found')
        statuses.push(body.code === 400 ? body.status : String(body.code))
    }
    expect(statuses.filter((one) => one === 'invalid-password')).toHaveLength(10)
    expect((await logInFrom(newAddress(), email)).status).toBe(429)
  })

  it('are limited to a hundred an address', async () => {
    const { email } = await makeUser(api)
    const address = newAddress()
    for (let i = 0; i < 100; i += 1)
      expect((await logInFrom(address, `nobody-${i}@yard.example.com`)).body.status).toBe('email-not-found')
    const refused = await logInFrom(address, email)
    expect([refused.status, refused.body.status]).toEqual([429, 'invalid-password'])
    const beside = await logInFrom(`${address}, ${newAddress()}`, email)
    expect(beside.status).toBe(200)
  })

  it('of a locked account do not lock the address they come from', async () => {
    const [locked, other] = [await makeUser(api), await makeUser(api)]
    const address = newAddress()
    for (let i = 0; i < 120; i += 1) await logInFrom(address, locked.email, wrong)
    expect((await logInFrom(address, locked.email)).status).toBe(429)
    expect((await logInFrom(address, other.email)).status).toBe(200)
  })

  it('are not what an outage leaves behind', async () => {
    const { email } = await makeUser(api)
    const address = newAddress()
    await api.database.sql`ALTER TABLE users RENAME TO users_`
    for (let i = 0; i < 12; i += 1)
      expect((await logInFrom(address, email)).body.status).toBe('application-crash')
    await api.database.sql`ALTER TABLE users_ RENAME TO users`
    await eventually(async () => (await logInFrom(address, email)).status === 200)
  })
})

describe('without TRUSTED_PROXIES', () => {
  it('what X-Forwarded-For says changes nothing', async () => {
    const own = await startTestApi()
    try {
      const { email } = await makeUser(own)
      for (let i = 0; i < 100; i += 1)
        await logIn(own, `nobody-${i}@yard.example.com`).set('X-Forwarded-For', newAddress())
      expect((await logIn(own, email).set('X-Forwarded-For', newAddress())).status).toBe(429)
    } finally {
      await own.close()
    }
  })
})

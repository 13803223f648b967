import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken, revokeToken } from '@waybill/db'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ env: { TOKEN_CACHE_MS: '200' } })
})
afterAll(() => api.close())

const list = (authorization?: string, query = '') => {
  const request = supertest(api.url).get(`/v1/subscriptions${query}`).set('X-Request-Id', 'same')
  return authorization === undefined ? request : request.set('Authorization', authorization)
}

describe('a token made for other APIs', () => {
  it('is refused by the native one', async () => {
    const limited = await createToken(api.database.orm, 'logs', [ours], { scopes: ['nursa'] })
    const allowed = await createToken(api.database.orm, 'both', [ours], { scopes: ['nursa', 'v1'] })
    const refused = await list(`Bearer ${limited.token}`)
    expect([refused.status, refused.body.code]).toEqual([403, 'api_not_allowed'])
    expect((await list(`Bearer ${allowed.token}`)).status).toBe(200)
  })
})

describe('a request without a good token', () => {
  it('gets one and the same 401, whatever is wrong', async () => {
    const { token, id } = await createToken(api.database.orm, 'old', [ours])
    await revokeToken(api.database.orm, id)
    const expired = await createToken(api.database.orm, 'older', [ours])
    await api.database
      .sql`UPDATE tokens SET expires_at = now() - interval '1 s' WHERE id = ${expired.id}::int`
    const answers = await Promise.all([
      list(),
      list('Bearer'),
      list('Basic dXNlcjpwYXNz'),
      list(`Bearer ${'x'.repeat(40)}`),
      list('Bearer wbt_unknown'),
      list(`Bearer ${token}`),
      list(`Bearer ${expired.token}`),
      list(undefined, `?token=${api.tokens.ours}`),
    ])
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1)
    expect(answers[0]?.body.code).toBe('unauthenticated')
    expect(answers[0]?.headers['www-authenticate']).toBe('Bearer realm="waybill"')
  })

  it('is let in again once the cache forgot that a token was unknown', async () => {
    const token = 'wbt_made-later'
    expect((await list(`Bearer ${token}`)).status).toBe(401)
    const { id } = await createToken(api.database.orm, 'later', [ours])
    const { hashToken } = await import('@waybill/db')
    await api.database.sql`UPDATE tokens SET hash = ${hashToken(token)} WHERE id = ${id}::int`
    await eventually(async () => (await list(`Bearer ${token}`)).status === 200)
  })

  it('is noticed within the cache time after its token was revoked', async () => {
    const { token, id } = await createToken(api.database.orm, 'short', [ours])
    expect((await list(`Bearer ${token}`)).status).toBe(200)
    await revokeToken(api.database.orm, id)
    await eventually(async () => (await list(`Bearer ${token}`)).status === 401)
  })

  it('gets 429 after twenty bad tokens in a minute, while known good ones pass', async () => {
    expect((await list(`bearer ${api.tokens.ours}`)).status).toBe(200)
    const statuses = []
    for (let i = 0; i < 25; i += 1) statuses.push((await list(`Bearer wbt_guess-${i}`)).status)
    expect(statuses.at(-1)).toBe(429)
    const refused = await list('Bearer wbt_guess')
    expect(refused.body.code).toBe('too_many_bad_tokens')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await list(`bearer ${api.tokens.ours}`)).status).toBe(200)
  })
})

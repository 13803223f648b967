import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken } from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import supertest from 'supertest'
import { nursaFaults, type NursaSchema } from './support/nursa-schemas.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const base = '/api/v2/public/webhooks'
type Kind = 'facility' | 'user'
const call = (
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  body?: object,
  token = api.tokens.ours,
) => {
  const request = supertest(api.url)[method](`${base}/${path}`).auth(token, { type: 'bearer' })
  return body === undefined ? request : request.send(body)
}
const url = 'https://clinic.example.com/in?k=9'
const good = (change: object = {}) => ({ url, events: ['all'], ...change })

/** The data of a good answer, checked against the contract. */
async function done(schema: NursaSchema, request: ReturnType<typeof call>) {
  const answer = await request
  expect([answer.status, nursaFaults(schema, answer.body)]).toEqual([201, []])
  expect(answer.headers['cache-control']).toBe('no-store')
  return answer.body.data
}
const create = (change: object = {}, kind: Kind = 'facility', token = api.tokens.ours) =>
  done(kind === 'facility' ? 'facilityWebhook' : 'userWebhook', call('post', kind, good(change), token))
const filtersOf = async (uuid: string) => {
  const id = api.deps.publicIds.decode('subscription', uuid) as number
  const [row] = await api.database.sql`
    SELECT s.filters, s.profile, s.integration FROM subscriptions s WHERE id = ${id}::int`
  return row
}
const facilityValues =
  'shift.request.created, shift.request.cancelled, shift.report.created, shift.scheduled.cancelled, shift.scheduled, shift.created, shift.report.accepted-automatically, shift.report.accepted, shift.report.rejected, shift.cancelled, all'
const userValues =
  'all, facility.user-connection.accepted, facility.user-connection.rejected, facility.creation.accepted, facility.creation.rejected'
const eachOf = (values: string) => `each value in events must be one of the following values: ${values}`

describe('POST webhooks/facility', () => {
  it('answers 201 with data {id, url, events, clientId, facilities, secrets}', async () => {
    const wanted = {
      events: ['shift.report.created', 'shift.cancelled'],
      facilities: ['P-123456', 'P-123457'],
      secrets: ['sDV1aKqitCLClI12m7UPFbAAvZfZquJw', 'mryefgHPBVHJwux0o3BYW7hPM0BZlcCa'],
    }
    const data = await create(wanted)
    expect(data).toEqual({ id: expect.any(String), url, clientId: String(ours), ...wanted })
    expect(await filtersOf(data.id)).toEqual({
      integration: ours,
      profile: 3,
      filters: { eventIds: [207, 202], facilities: wanted.facilities, audience: 'facility' },
    })
  })

  it('events all stands for the ten events of facilities', async () => {
    const data = await create({ events: ['shift.created', 'all'] })
    expect(data.events).toEqual(['all'])
    const { filters } = (await filtersOf(data.id)) as { filters: { eventIds: number[]; all: boolean } }
    expect(filters.all).toBe(true)
    expect(filters.eventIds.toSorted((a, b) => a - b)).toEqual([
      201, 202, 203, 204, 205, 206, 207, 208, 209, 210,
    ])
  })

  it.each([[{}], [{ facilities: [] }], [{ facilities: null }]])(
    'facilities omitted means every facility: %j',
    async (change) => {
      const data = await create(change)
      expect(data.facilities).toEqual([])
      expect(await filtersOf(data.id)).not.toHaveProperty('filters.facilities')
    },
  )

  it.each([[{}], [{ secrets: [] }], [{ secrets: null }]])(
    'secrets omitted makes one of 32 characters: %j',
    async (change) => {
      const [first, second] = [await create(change), await create(change)]
      expect(first.secrets).toEqual([expect.stringMatching(/^[\w-]{32}$/)])
      expect(second.secrets).not.toEqual(first.secrets)
    },
  )

  it('takes secrets of any characters but control characters, and events given twice as one', async () => {
    const data = await create({
      secrets: ['ключ 🔑', 'x'.repeat(255)],
      events: ['shift.created', 'shift.created'],
    })
    expect(data.secrets).toEqual(['ключ 🔑', 'x'.repeat(255)])
    expect(data.events).toEqual(['shift.created'])
  })

  it('makes it for the lowest of the integrations that the token reaches', async () => {
    expect((await create({}, 'facility', api.tokens.both)).clientId).toBe(String(Math.min(ours, theirs)))
  })

  it('ignores members that the page does not have', async () => {
    expect(await create({ id: 'mine', name: 'x' })).not.toHaveProperty('name')
  })

  it('403 for a token whose integration is not there', async () => {
    const { token } = await createToken(api.database.orm, 'early', [asIntegrationId(777)])
    const answer = await call('post', 'facility', good(), token)
    expect([answer.status, nursaFaults('forbidden', answer.body)]).toEqual([403, []])
  })
})

describe('POST webhooks/user', () => {
  it('answers 201 with data {id, url, events, clientId, secrets}, without facilities', async () => {
    const events = ['facility.creation.accepted', 'facility.user-connection.accepted']
    const data = await create({ events, secrets: ['s'], facilities: ['P-1'] }, 'user')
    expect(data).toEqual({ id: expect.any(String), url, events, clientId: String(ours), secrets: ['s'] })
    expect(await filtersOf(data.id)).toMatchObject({ filters: { eventIds: [213, 211], audience: 'user' } })
  })

  it('events all stands for the four events of users', async () => {
    const data = await create({}, 'user')
    expect(data.events).toEqual(['all'])
    expect(await filtersOf(data.id)).toEqual({
      integration: ours,
      profile: 3,
      filters: { eventIds: [211, 212, 213, 214], all: true, audience: 'user' },
    })
  })
})

describe('the refusals of a webhook', () => {
  it('400 lists every failing rule in the documented order, facility', async () => {
    const answer = await call('post', 'facility', { url: 5, events: 'x', facilities: [1], secrets: 'x' })
    expect(answer.status).toBe(400)
    expect(nursaFaults('badRequest', answer.body)).toEqual([])
    expect(answer.body.message).toEqual([
      'should be a secure URL with HTTPS',
      'url must be a string',
      'events must contain at least 1 elements',
      'events must be an array',
      eachOf(facilityValues),
      'each value in facilities must be a string',
      'secrets must contain no more than 2 elements',
      'secrets must be an array',
    ])
  })

  it('400 lists every failing rule in the documented order, user', async () => {
    const answer = await call('post', 'user', { secrets: 5, facilities: 5 })
    expect(answer.status).toBe(400)
    expect(answer.body.message).toEqual([
      'should be a secure URL with HTTPS',
      'url must be a string',
      'events must contain at least 1 elements',
      'events must be an array',
      eachOf(userValues),
      'secrets must contain no more than 2 elements',
      'secrets must be an array',
    ])
  })

  const https = 'should be a secure URL with HTTPS'
  it.each<[object, string | RegExp, Kind?]>([
    [{ url: 'http://clinic.example.com/' }, https],
    [{ url: 'ftp://clinic.example.com/' }, https],
    [{ url: 'clinic.example.com' }, https],
    [{ url: 'https://' }, https],
    [{ url: '' }, https],
    [{ url: 'https://127.0.0.1/' }, /^url is refused: /],
    [{ url: 'https://localhost/' }, /^url is refused: /],
    [{ url: 'https://user:pw@clinic.example.com/' }, /^url is refused: /],
    [{ url: `https://clinic.example.com/${'x'.repeat(2_048)}` }, /^url is refused: /],
    [{ events: [] }, 'events must contain at least 1 elements'],
    [{ events: ['shift.created', 'shift.paused'] }, eachOf(facilityValues)],
    [{ events: [5] }, eachOf(facilityValues)],
    [{ events: ['facility.creation.accepted'] }, eachOf(facilityValues)],
    [{ events: ['shift.created'] }, eachOf(userValues), 'user'],
    [{ facilities: 'NUR-1' }, 'each value in facilities must be a string'],
    [{ facilities: ['NUR-1', 5] }, 'each value in facilities must be a string'],
    [{ facilities: [' '] }, /^each value in facilities must have 1 to 128 characters/],
    [{ facilities: ['x'.repeat(129)] }, /^each value in facilities must have 1 to 128 characters/],
    [{ facilities: ['a\nb'] }, /^each value in facilities must have 1 to 128 characters/],
    [{ facilities: ['\ud800'] }, /^each value in facilities must have 1 to 128 characters/],
    [{ facilities: Array.from({ length: 1_001 }, String) }, /^facilities must contain no more than 1000/],
    [{ secrets: ['a', 'b', 'c'] }, 'secrets must contain no more than 2 elements'],
    [{ secrets: [5] }, 'each value in secrets must be a string'],
    [{ secrets: [''] }, /^each value in secrets must have 1 to 255 characters/],
    [{ secrets: ['x'.repeat(256)] }, /^each value in secrets must have 1 to 255 characters/],
    [{ secrets: ['a\tb'] }, /^each value in secrets must have 1 to 255 characters/],
    [{ secrets: ['\udfff'] }, /^each value in secrets must have 1 to 255 characters/],
  ])('400 for %j names its rule', async (change, message, kind = 'facility') => {
    const answer = await call(
      'post',
      kind,
      good({ events: kind === 'user' ? ['all'] : ['shift.created'], ...change }),
    )
    expect([answer.status, nursaFaults('badRequest', answer.body)]).toEqual([400, []])
    const expected = typeof message === 'string' ? message : expect.stringMatching(message)
    expect(answer.body).toEqual({ message: [expected], error: 'Bad Request', statusCode: 400 })
  })

  it.each<[string, string, string]>([
    ['no JSON', '{', 'application/json'],
    ['a list', '[]', 'application/json'],
    ['nothing', '', 'application/json'],
    ['a NUL character', '{"url":"\\u0000"}', 'application/json'],
    ['a forbidden key', '{"__proto__":1}', 'application/json'],
  ])('400 for a body that is %s', async (_what, body, type) => {
    const answer = await call('post', 'facility')
      .set('Content-Type', type)
      .serialize((raw: string) => raw)
      .send(body)
    expect([answer.status, nursaFaults('badRequest', answer.body)]).toEqual([400, []])
  })

  it('413 and 415 for what is too large, or is not said to be JSON', async () => {
    const large = await call('post', 'facility', good({ events: ['x'.repeat(300_000)] }))
    expect([large.status, large.body.error]).toEqual([413, 'Payload Too Large'])
    const plain = await call('post', 'facility').set('Content-Type', 'text/plain').send('{}')
    expect(plain.body).toMatchObject({ error: 'Unsupported Media Type', statusCode: 415 })
  })
})

describe('GET webhooks/facility and webhooks/user', () => {
  it('lists all webhooks of its kind and of the integrations that the token reaches', async () => {
    const { token } = await createToken(api.database.orm, 'list', [theirs])
    const [first, user, second] = [
      await create({ facilities: ['NUR-1'] }, 'facility', token),
      await create({}, 'user', token),
      await create({ secrets: ['a', 'b'] }, 'facility', token),
    ]
    await supertest(api.url)
      .post('/v1/subscriptions')
      .auth(token, { type: 'bearer' })
      .send({ name: 'native', url: 'https://clinic.example.com/' })
    expect(await done('facilityWebhooks', call('get', 'facility', undefined, token))).toEqual([first, second])
    expect(await done('userWebhooks', call('get', 'user', undefined, token))).toEqual([user])
    const others = await done('facilityWebhooks', call('get', 'facility'))
    expect(others.map((one: { clientId: string }) => one.clientId)).not.toContain(String(theirs))
  })
})

describe('PATCH webhooks/facility/{id} and webhooks/user/{id}', () => {
  it('changes what is given and keeps the rest', async () => {
    const made = await create({ events: ['shift.created'], facilities: ['NUR-1'], secrets: ['a'] })
    const patch = (change: object) => done('facilityWebhook', call('patch', `facility/${made.id}`, change))
    expect(await patch({})).toEqual(made)
    expect(await patch({ url: 'https://new.example.com/' })).toEqual({
      ...made,
      url: 'https://new.example.com/',
    })
    expect(await patch({ events: ['all'], url })).toEqual({ ...made, events: ['all'] })
    expect(await patch({ facilities: ['NUR-2'] })).toEqual({
      ...made,
      events: ['all'],
      facilities: ['NUR-2'],
    })
    expect(await patch({ facilities: [] })).toEqual({ ...made, events: ['all'], facilities: [] })
    expect(await done('facilityWebhooks', call('get', 'facility'))).toContainEqual(
      expect.objectContaining({ id: made.id, events: ['all'], facilities: [], secrets: ['a'] }),
    )
  })

  it('secrets take the place of all there were: both while rotating, then the new one alone', async () => {
    const made = await create({ secrets: ['old'] }, 'user')
    const patch = (secrets: string[]) => done('userWebhook', call('patch', `user/${made.id}`, { secrets }))
    expect((await patch(['new', 'old'])).secrets).toEqual(['new', 'old'])
    expect((await patch(['new'])).secrets).toEqual(['new'])
  })

  it('400 names failing rules, of what is given only', async () => {
    const made = await create()
    const answer = await call('patch', `facility/${made.id}`, {
      url: 'http://clinic.example.com/',
      secrets: [1, 2, 3],
    })
    expect(answer.status).toBe(400)
    expect(answer.body.message).toEqual([
      'should be a secure URL with HTTPS',
      'secrets must contain no more than 2 elements',
      'each value in secrets must be a string',
    ])
  })
})

describe('DELETE webhooks/facility/{id} and webhooks/user/{id}', () => {
  it.each<Kind>(['facility', 'user'])('answers 201 with an empty body, and %s is gone', async (kind) => {
    const made = await create({}, kind)
    const answer = await call('delete', `${kind}/${made.id}`)
    expect([answer.status, answer.text]).toEqual([201, ''])
    const again = await call('delete', `${kind}/${made.id}`)
    expect([again.status, nursaFaults('webhookNotFound', again.body)]).toEqual([404, []])
    const left = await done(kind === 'facility' ? 'facilityWebhooks' : 'userWebhooks', call('get', kind))
    expect(left.map((one: { id: string }) => one.id)).not.toContain(made.id)
  })
})

describe('404 Webhook not found', () => {
  it.each(['patch', 'delete'] as const)(
    'answers %s of an unknown, foreign, other or malformed id',
    async (method) => {
      const [user, foreign, native] = [
        await create({}, 'user'),
        await create({}, 'facility', api.tokens.theirs),
        await supertest(api.url)
          .post('/v1/subscriptions')
          .auth(api.tokens.ours, { type: 'bearer' })
          .send({ name: 'native', url: 'https://clinic.example.com/' }),
      ]
      const unknown = api.deps.publicIds.encode('subscription', 999_999 as never)
      const huge = api.deps.publicIds.encode('subscription', Number.MAX_SAFE_INTEGER as never)
      const ids = [
        user.id,
        foreign.id,
        native.body.id,
        unknown,
        huge,
        'x',
        '%00',
        'c8c7913d-3e1f-4e4c-a646-81282ecba2b8',
      ]
      for (const id of ids) {
        const answer = await call(
          method,
          `facility/${id}`,
          method === 'patch' ? { events: ['all'] } : undefined,
        )
        expect([id, answer.status, nursaFaults('webhookNotFound', answer.body)]).toEqual([id, 404, []])
      }
    },
  )
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const send = (method: 'post' | 'patch', path: string, body: object) =>
  supertest(api.url)[method](path).auth(api.tokens.ours, { type: 'bearer' }).send(body)
const good = { name: 'CRM', url: 'https://crm.example.com/' }
const make = (change: object) => send('post', '/v1/subscriptions', { ...good, ...change })
const allStates = 'active, paused or inactive'

describe('what a caller hears about a subscription', () => {
  it.each<[object, string, string, string]>([
    [{ name: undefined }, '/name', 'required', 'name is missing.'],
    [{ name: 5 }, '/name', 'invalid_type', 'name must be text.'],
    [{ name: null }, '/name', 'invalid_type', 'name must be text.'],
    [{ events: 'x' }, '/events', 'invalid_type', 'events must be a list.'],
    [{ events: [5] }, '/events/0', 'invalid_type', 'events.0 must be text.'],
    [{ timeout_seconds: 1.5 }, '/timeout_seconds', 'invalid_type', 'timeout_seconds must be a whole number.'],
    [{ timeout_seconds: 31 }, '/timeout_seconds', 'out_of_range', 'timeout_seconds may be at most 30.'],
    [{ timeout_seconds: 0 }, '/timeout_seconds', 'out_of_range', 'timeout_seconds must be at least 1.'],
    [{ state: 'gone' }, '/state', 'invalid_value', 'state must be one of active, paused, inactive.'],
    [{ active: false }, '/active', 'unknown_field', `There is no field "active": use state (${allStates}).`],
    [{ view: 'nope' }, '/view', 'unknown_view', 'There is no such view; there are default and raw.'],
    [
      { events: ['*', 'order.delivered'] },
      '/events/0',
      'invalid_value',
      '"*" stands alone: send ["*"] or a list of names.',
    ],
  ])('%j: %s %s %s', async (change, pointer, code, message) => {
    const answer = await make(change)
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toEqual([{ pointer, code, message }])
  })

  it('names the limits', async () => {
    const answer = await make({ name: 'x'.repeat(201), events: Array.from({ length: 101 }, () => 'x') })
    expect(answer.body.errors).toEqual([
      { pointer: '/name', code: 'too_long', message: 'name may have at most 200 characters.' },
      { pointer: '/events', code: 'too_many_items', message: 'events may have at most 100 items.' },
    ])
  })

  it.each(['active', 'paused', 'inactive'])('may be made %s', async (state) => {
    const answer = await make({ state })
    expect([answer.status, answer.body.state]).toEqual([201, state])
  })

  it('is told what cannot be changed', async () => {
    const { body } = await make({})
    for (const [change, code, message] of [
      [{ secret: 'x' }, 'read_only_field', '"secret" cannot be changed here.'],
      [{ integration_id: 5 }, 'read_only_field', '"integration_id" cannot be changed.'],
      [{ active: true }, 'unknown_field', `There is no field "active": use state (${allStates}).`],
    ] as const) {
      const answer = await send('patch', `/v1/subscriptions/${body.id}`, change)
      expect(answer.status).toBe(422)
      expect(answer.body.errors).toMatchObject([{ code, message }])
    }
  })

  it('is told when an event is of a kind that the profile does not send', async () => {
    const made = await send('post', '/api/v1/webhook_out_subs/create', {
      token: api.tokens.ours,
      integration_id: ours,
      key: 'v2',
      name: 'x',
      callback_url: 'https://crm.example.com/',
      version: '2',
    })
    const id = api.deps.publicIds.encode('subscription', made.body.data.webhook_out_sub.id)
    const answer = await send('patch', `/v1/subscriptions/${id}`, { events: ['order.delivered'] })
    expect(answer.body.errors).toMatchObject([
      {
        pointer: '/events/0',
        code: 'unknown_event_type',
        message: '"order.delivered" is an order_event, which planomatic-v2 does not send.',
      },
    ])
  })

  it('is told of a trigger whose name is of another kind', async () => {
    const answer = await send('post', '/v1/triggers', trigger({ kind: 'order_status' }))
    expect(answer.body.errors).toMatchObject([
      {
        pointer: '/name',
        code: 'unknown_event_type',
        message: '"order.delivered" is an order_event, not an order_status.',
      },
    ])
  })
})

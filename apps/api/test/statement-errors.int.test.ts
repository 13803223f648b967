import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { eventName } from './support/planning-center.ts'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'

const url = 'https://rx.example.com/hook?key=Zanzibar-7'
const notified = 'zanzibar@yard.test'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
beforeEach(() => void api.log.splice(0))
afterAll(() => api.close())

const post = (path: string, body: object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).send(body)

const makes: Record<string, () => ReturnType<typeof post>> = {
  native: () => post('/v1/subscriptions', { name: 'CRM', url }),
  PlanOmatic: () =>
    post('/api/v1/webhook_out_subs/create', {
      token: api.tokens.ours,
      integration_id: ours,
      key: 'locked',
      name: 'CRM',
      callback_url: url,
      version: '3',
      notification_emails: notified,
    }),
  Nursa: () => post('/api/v2/public/webhooks/facility', { url, events: ['all'] }),
  'Planning Center': () =>
    post('/webhooks/v2/webhook_subscriptions', { data: { attributes: { name: eventName, url } } }),
}

describe('a statement that fails', () => {
  const cases = Object.keys(makes).flatMap((dialect) => [
    [dialect, 'subscriptions'],
    [dialect, 'revisions'],
  ])
  it.each(cases)(
    'in the %s API at %s is logged with what the database said, without its parameters',
    async (dialect = '', table = '') => {
      const answer = await api.database.sql.begin(async (tx) => {
        await tx`LOCK TABLE ${tx(table)} IN EXCLUSIVE MODE`
        return makes[dialect]?.()
      })
      expect(answer?.status).toBeGreaterThanOrEqual(500)
      const log = api.log.join('')
      expect(log).toContain('request.failed')
      expect(log).toMatch(/55P03.*lock timeout/)
      expect(log).not.toMatch(/zanzibar|rx\.example\.com\/|insert into|Failed query/i)
    },
  )
})

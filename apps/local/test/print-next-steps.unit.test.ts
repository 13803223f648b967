import { describe, expect, it } from '@jest/globals'
import { printNextSteps } from '../src/print-next-steps.ts'
import type { LocalState } from '../src/stack/local-state.ts'

const state: LocalState = {
  pid: 1,
  pids: { api: 2, worker: 3 },
  apiUrl: 'http://127.0.0.1:8080',
  metricsUrl: { api: 'http://127.0.0.1:9464/metrics', worker: 'http://127.0.0.1:9465/metrics' },
  receiverUrl: 'http://127.0.0.1:8081',
  receiverSecureUrl: 'https://127.0.0.1:8443',
  databaseUrl: 'postgres://127.0.0.1/waybill',
  queueBackend: 'postgres',
  token: 'wbt_x',
  tokenId: 4,
  integrationId: 12,
}
const person = { email: 'demo@yard.test', password: 'a password' }
const shown = printNextSteps(state, { trigger: 't1', eventSubscription: '7', person, scheduleScale: 0.1 })

describe('printNextSteps', () => {
  it('names the list of each API with what it takes to call it', () => {
    const text = shown.join('\n')
    expect(text).toContain(`http://127.0.0.1:8080/api/v1/webhook_jobs/index`)
    expect(text).toContain(
      `curl -s -H 'Authorization: Bearer wbt_x' 'http://127.0.0.1:8080/api/v2/public/webhooks/logs?limit=3'`,
    )
    expect(text).toContain('curl -s -u 4:wbt_x')
    expect(text).toContain('/webhooks/v2/webhook_subscriptions/7/events?order=-created_at&per_page=3')
    expect(text).toContain('npx -y pnpm@12 trace t1')
  })

  it('logs the person in with base64 of JSON', () => {
    const body = /-d ([\w+/=]+)$/m.exec(shown.join('\n'))?.[1] ?? ''
    expect(JSON.parse(Buffer.from(body, 'base64').toString())).toEqual({
      ...person,
      application: 'planoauth',
    })
  })
})

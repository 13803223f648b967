import type { IntegrationId } from '@waybill/domain'
import supertest from 'supertest'
import { ours, type TestApi } from './start-test-api.ts'

export type OutSub = Record<string, unknown> & { id: number; key: string; last_updated: string }
type Answer = {
  status: number
  body: {
    code: number
    status: string
    errors: { attr: string; message: string }[]
    data: { webhook_out_sub: OutSub; count?: number; results: OutSub[] }
  }
}

const base = '/api/v1/webhook_out_subs'

/** The three calls about subscribers, as a test makes them for integration 12 unless it says otherwise. */
export function planomaticSubs(api: TestApi) {
  const own = { token: api.tokens.ours, integration_id: ours }
  const post = (path: string, body: object): Promise<Answer> =>
    supertest(api.url)
      .post(base + path)
      .send({ ...own, ...body })
  return {
    create: async (fields: object, token = api.tokens.ours, integration: IntegrationId = ours) => {
      const good = { name: 'Name', callback_url: 'https://crm.example.com/hook', version: '3' }
      const { body } = await post('/create', { ...good, token, integration_id: integration, ...fields })
      return body.data.webhook_out_sub
    },
    index: (body: object, query = '') => post(`/index${query}`, body),
    update: (body: object, query = ''): Promise<Answer> =>
      supertest(api.url)
        .put(`${base}/update${query}`)
        .send({ ...own, ...body }),
  }
}

import { createHash } from 'node:crypto'
import { expect } from '@jest/globals'
import { createToken } from '@waybill/db'
import { asIntegrationId, statusCode, type ApiScope, type DeliveryStatus } from '@waybill/domain'
import supertest from 'supertest'
import { problemsOf } from './planning-center-schemas.ts'
import { seedDelivery } from './seed-delivery.ts'
import { ours, startTestApi, type TestApi } from './start-test-api.ts'
import { trigger } from './trigger.ts'

export const root = '/webhooks/v2'
export const hook = 'https://rx.example.com/pco'
export const eventName = 'orders.v2.events.order.delivered'

/** An application: the id and the token that HTTP Basic takes. */
export type Application = { id: number; token: string }
type Method = 'get' | 'post' | 'patch' | 'delete' | 'put' | 'head' | 'options'

export type PlanningCenter = Awaited<ReturnType<typeof startPlanningCenter>>

/** An api whose rate limit is out of the way, and an application of integration 12. */
export async function startPlanningCenter(env: Record<string, string> = {}) {
  const api = await startTestApi({
    env: { PLANNING_CENTER_RATE_LIMIT: '100000', PLANNING_CENTER_RATE_LIMIT_FAR: '100000', ...env },
  })
  const application = await newApplication(api)
  const call = (method: Method, path: string, by: Application = application) => {
    const agent = supertest(api.url)
    return agent[method](root + path).auth(String(by.id), by.token)
  }
  const subscribe = async (attributes: object = {}, by: Application = application): Promise<number> => {
    const answer = await call('post', '/webhook_subscriptions', by).send({
      data: { attributes: { name: eventName, url: hook, ...attributes } },
    })
    if (answer.status !== 201) throw new Error(answer.text)
    return Number(answer.body.data.id)
  }
  const accept = async (change: Record<string, unknown> = {}): Promise<number> => {
    const answer = await supertest(api.url)
      .post('/v1/triggers')
      .auth(api.tokens.ours, { type: 'bearer' })
      .send(trigger(change))
    return api.deps.publicIds.decode('trigger', answer.body.id) as number
  }
  return {
    api,
    application,
    call,
    subscribe,
    /** Posts a trigger of the event order.delivered; its number. */
    accept,
    /** An event of the subscription with one attempt, as a worker would have recorded it; its id. */
    seed: async (
      subscription: number,
      status: DeliveryStatus = 'delivered',
      of?: number,
      integration = ours,
    ) =>
      seedDelivery(api.database, {
        integration,
        trigger: of ?? (await accept()),
        subscription,
        profile: 'planning-center',
        status,
        code: status === 'failed' ? 500 : 200,
      }),
    statusOf: async (event: number) => {
      const [row] = await api.database.sql<{ status: number }[]>`
        SELECT status FROM deliveries WHERE id = ${event}::bigint`
      return row?.status
    },
    auditOf: async (target: number) => {
      const rows = await api.database.sql<{ actor: string; action: string }[]>`
        SELECT actor, action FROM audit_log WHERE target = ${String(target)} AND action <> 'token.created' ORDER BY id`
      return rows.map(({ actor, action }) => `${actor} ${action}`)
    },
    close: () => api.close(),
  }
}

export const newApplication = (
  api: TestApi,
  options: { integrations?: number[]; scopes?: ApiScope[]; email?: string; name?: string } = {},
): Promise<Application> =>
  createToken(
    api.database.orm,
    options.name ?? 'Yard app',
    (options.integrations ?? [ours]).map(asIntegrationId),
    {
      scopes: options.scopes ?? null,
      email: options.email ?? null,
    },
  )

type Response = { status: number; headers: Record<string, string>; body: unknown; text: string }

/** Checks a success: status, media type and schema. */
export function expectDocument(answer: Response, kind: Parameters<typeof problemsOf>[0], status = 200): void {
  expect([answer.status, answer.headers['content-type']]).toEqual([
    status,
    'application/vnd.api+json; charset=utf-8',
  ])
  expect(problemsOf(kind, answer.body)).toEqual([])
}

/** Checks a refusal: status, media type and schema. */
export function expectErrors(answer: Response, status: number): void {
  expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json; charset=utf-8'])
  expect(problemsOf('errors', answer.body)).toEqual([])
  const [first] = (answer.body as { errors: { status?: string }[] }).errors
  if (first?.status !== undefined) expect(first.status).toBe(String(status))
}

export const sha256 = (body: string): Buffer => createHash('sha256').update(body).digest()
export const codeOf = statusCode

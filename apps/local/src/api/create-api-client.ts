import { createAddressPolicy, createHttpClient } from '@waybill/egress'
import { z } from 'zod'
import { createCaller } from './create-caller.ts'
import { triggerStory, type TriggerStory } from './trigger-story.ts'

export type HttpClient = ReturnType<typeof createHttpClient>

const accepted = z.object({ id: z.string(), accepted_at: z.string() })
const acceptedBatch = z.object({ ids: z.array(z.string()), accepted_at: z.string() })
const subscription = z.object({
  id: z.string(),
  key: z.string(),
  url: z.string(),
  profile: z.string().nullable(),
  state: z.enum(['active', 'paused', 'inactive']),
})
const subscriptionPage = z.object({ data: z.array(subscription), next: z.string().nullable() })
const created = subscription.extend({ secret: z.string() })

export type Subscription = z.infer<typeof subscription>

export type ApiClient = {
  postTrigger(trigger: object, idempotencyKey: string): Promise<z.infer<typeof accepted>>
  postTriggers(triggers: readonly object[], idempotencyKey: string): Promise<z.infer<typeof acceptedBatch>>
  readTrigger(id: string): Promise<TriggerStory>
  listSubscriptions(): Promise<Subscription[]>
  createSubscription(fields: object): Promise<z.infer<typeof created>>
  changeSubscription(id: string, fields: object): Promise<void>
  deleteSubscription(id: string): Promise<void>
}

const keyed = (idempotencyKey: string) => ({ 'idempotency-key': idempotencyKey })

/** got for a base address that a person or this machine chose, wherever that is. */
export function createLocalHttp(host = '127.0.0.1'): HttpClient {
  return createHttpClient({ policy: createAddressPolicy({ allow: ['0.0.0.0/0', '::/0', 'loopback', host] }) })
}

/** Calls of Waybill's native API. */
export function createApiClient(http: HttpClient, apiUrl: string, token: string): ApiClient {
  const call = createCaller(http, apiUrl, { authorization: `Bearer ${token}` })
  return {
    postTrigger: async (trigger, key) =>
      accepted.parse(await call('POST', '/v1/triggers', trigger, keyed(key))),
    postTriggers: async (triggers, key) =>
      acceptedBatch.parse(await call('POST', '/v1/triggers/batch', { triggers }, keyed(key))),
    readTrigger: async (id) =>
      triggerStory.parse(await call('GET', `/v1/triggers/${encodeURIComponent(id)}`)),
    listSubscriptions: async () => {
      const found: Subscription[] = []
      for (let cursor = ''; ;) {
        const page = subscriptionPage.parse(await call('GET', `/v1/subscriptions?limit=100${cursor}`))
        found.push(...page.data)
        if (page.next === null) return found
        cursor = `&cursor=${encodeURIComponent(page.next)}`
      }
    },
    createSubscription: async (fields) => created.parse(await call('POST', '/v1/subscriptions', fields)),
    changeSubscription: async (id, fields) => void (await call('PATCH', `/v1/subscriptions/${id}`, fields)),
    deleteSubscription: async (id) => void (await call('DELETE', `/v1/subscriptions/${id}`)),
  }
}

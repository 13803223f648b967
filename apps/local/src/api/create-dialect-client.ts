import { z } from 'zod'
import { createCaller } from './create-caller.ts'
import type { HttpClient } from './create-api-client.ts'

const eventSubscriptions = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ url: z.string() }) })),
})

/** The three vendors' own calls, as far as the demo makes them. */
export type DialectClient = {
  /** PlanOmatic's; it answers 200 also when it creates. */
  createWebhookOutSub(fields: object): Promise<void>
  /** Nursa's, for events of facilities. */
  createNursaWebhook(fields: object): Promise<void>
  /** Planning Center's. */
  createEventSubscription(attributes: object): Promise<void>
  /** The number that a subscription to this URL has in Planning Center's API. */
  findEventSubscription(url: string): Promise<string | undefined>
}

/** Calls of the vendors' APIs, each with the authentication that its vendor documents. */
export function createDialectClient(
  http: HttpClient,
  apiUrl: string,
  { token, tokenId }: { token: string; tokenId: number },
): DialectClient {
  const basic = Buffer.from(`${tokenId}:${token}`).toString('base64')
  const planomatic = createCaller(http, `${apiUrl}/api/v1`, {})
  const nursa = createCaller(http, `${apiUrl}/api/v2/public`, { authorization: `Bearer ${token}` })
  const planningCenter = createCaller(http, `${apiUrl}/webhooks/v2`, { authorization: `Basic ${basic}` })
  return {
    createWebhookOutSub: async (fields) =>
      void (await planomatic('POST', '/webhook_out_subs/create', { token, ...fields })),
    createNursaWebhook: async (fields) => void (await nursa('POST', '/webhooks/facility', fields)),
    createEventSubscription: async (attributes) => {
      const data = { type: 'WebhookSubscription', attributes }
      await planningCenter('POST', '/webhook_subscriptions', { data })
    },
    findEventSubscription: async (url) => {
      const answer = await planningCenter('GET', '/webhook_subscriptions?per_page=100')
      return eventSubscriptions.parse(answer).data.find(({ attributes }) => attributes.url === url)?.id
    },
  }
}

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import type { ApiClient } from '../api/create-api-client.ts'
import type { Received, SmokeReceiver } from './start-smoke-receiver.ts'

const timeoutMs = 20_000
const everyMs = 50

/**
 * One trigger's whole way: subscribe, post, arrive with a good signature, read back as delivered, post again with the
 * same key, unsubscribe. Returns the trigger's id and how long it took to arrive; throws at the first thing wrong.
 */
export async function checkDelivery(
  api: ApiClient,
  receiver: SmokeReceiver,
  integrationId: number,
): Promise<{ id: string; arrivedAfterMs: number }> {
  const events = ['order.delivered']
  const target = { integration_id: integrationId, name: 'Smoke', url: receiver.url, events }
  const subscription = await api.createSubscription(target)
  try {
    const key = randomUUID()
    const trigger = exampleTrigger(integrationId, key)
    const startedAt = performance.now()
    const { id } = await api.postTrigger(trigger, key)
    const arrived = await within('arrival of the webhook', () => receiver.received.at(0))
    const arrivedAfterMs = Math.round(performance.now() - startedAt)
    verify(arrived, subscription.secret, key)
    await within('the delivery to be read back as delivered', async () => {
      const story = await api.readTrigger(id)
      return story.deliveries.find(
        (one) => one.subscription.id === subscription.id && one.status === 'delivered',
      )
    })
    const again = await api.postTrigger(trigger, key)
    if (again.id !== id)
      throw new Error(`the same idempotency key made another trigger: ${again.id}, not ${id}`)
    return { id, arrivedAfterMs }
  } finally {
    await api.deleteSubscription(subscription.id)
  }
}

function exampleTrigger(integrationId: number, orderId: string) {
  const location = { street: '12 Test Pattern Way', city: 'Boulder', state: 'CO', postal_code: '80302' }
  return {
    integration_id: integrationId,
    kind: 'order_event',
    name: 'order.delivered',
    order_id: `smoke-${orderId}`,
    order: { property: { location } },
  }
}

/** @throws WebhookVerificationError when the signature is not that of `secret` */
function verify({ body, headers }: Received, secret: string, orderId: string): void {
  new Webhook(secret).verify(body, headers as Record<string, string>)
  if (!body.includes(`smoke-${orderId}`)) throw new Error(`another webhook arrived: ${body.slice(0, 200)}`)
}

async function within<T>(what: string, check: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    const found = await check()
    if (found !== undefined) return found
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}`)
    await delay(everyMs)
  }
}

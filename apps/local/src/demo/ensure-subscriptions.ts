import type { ApiClient } from '../api/create-api-client.ts'
import { demoIntegration, demoSubscribers, type DemoSubscriber } from './demo-subscribers.ts'

/** Makes the demo's subscriptions; those of an earlier start are pointed at where the receiver is now. */
export async function ensureSubscriptions(api: ApiClient, token: string, receiverUrl: string): Promise<void> {
  const existing = new Map((await api.listSubscriptions()).map((one) => [one.key, one]))
  for (const subscriber of demoSubscribers) {
    const url = `${receiverUrl}${subscriber.path}`
    const known = existing.get(subscriber.key)
    if (!known) await create(api, token, subscriber, url)
    else if (known.url !== url || known.state !== 'active')
      await api.changeSubscription(known.id, { url, state: 'active' })
  }
}

async function create(api: ApiClient, token: string, subscriber: DemoSubscriber, url: string): Promise<void> {
  const { key, name } = subscriber
  switch (subscriber.profile) {
    case 'standard':
      await api.createSubscription({
        integration_id: demoIntegration.id,
        key,
        name,
        url,
        events: subscriber.events,
      })
      return
    case 'planomatic-v2':
    case 'planomatic-v3': {
      const statuses = subscriber.profile === 'planomatic-v2' ? subscriber.statuses : []
      const events = subscriber.profile === 'planomatic-v3' ? subscriber.events : []
      const version = subscriber.profile === 'planomatic-v2' ? '2' : '3'
      const target = { key, name, callback_url: url, statuses, events, version, active: true }
      await api.createWebhookOutSub({ token, integration_id: demoIntegration.id, ...target })
      return
    }
    default:
      subscriber satisfies never
  }
}

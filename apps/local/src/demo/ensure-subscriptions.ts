import { randomBytes } from 'node:crypto'
import type { ApiClient, Subscription } from '../api/create-api-client.ts'
import type { DialectClient } from '../api/create-dialect-client.ts'
import { demoIntegration, demoSubscribers, type DemoSubscriber } from './demo-subscribers.ts'
import type { DemoReceiver } from './start-demo-receiver.ts'

export type SubscriptionClients = { api: ApiClient; dialects: DialectClient }

/** A subscriber whose subscription `id` sends to `url`. */
export type PlacedSubscriber = DemoSubscriber & { id: string; url: string }

type Urls = Pick<DemoReceiver, 'url' | 'secureUrl'>

/**
 * Makes the demo's subscriptions, each through the API of its profile; those of an earlier start are pointed at where the
 * receiver is now.
 */
export async function ensureSubscriptions(
  clients: SubscriptionClients,
  urls: Urls,
): Promise<PlacedSubscriber[]> {
  const { api, dialects } = clients
  const before = await api.listSubscriptions()
  for (const subscriber of demoSubscribers) {
    const url = urlOf(subscriber, urls)
    const known = before.find((one) => isOf(one, subscriber))
    if (!known) await create({ api, dialects }, subscriber, url)
    else if (known.url !== url || known.state !== 'active')
      await api.changeSubscription(known.id, { url, state: 'active' })
  }
  const after = await api.listSubscriptions()
  return demoSubscribers.map((subscriber) => {
    const found = after.find((one) => isOf(one, subscriber))
    if (!found) throw new Error(`the subscription of ${subscriber.name} was made and is not there`)
    return { ...subscriber, id: found.id, url: found.url }
  })
}

/** Nursa takes no URL without TLS. */
const urlOf = ({ profile, path }: DemoSubscriber, { url, secureUrl }: Urls) =>
  `${profile === 'nursa' ? secureUrl : url}${path}`

/** Nursa's and Planning Center's calls know no key: their subscriptions are told by where they send to. */
function isOf(one: Subscription, { profile, key, path }: DemoSubscriber): boolean {
  if (profile !== 'nursa' && profile !== 'planning-center') return one.key === key
  const { hostname, pathname } = new URL(one.url)
  return one.profile === profile && hostname === '127.0.0.1' && pathname === path
}

async function create(
  { api, dialects }: SubscriptionClients,
  subscriber: DemoSubscriber,
  url: string,
): Promise<void> {
  const { key, name } = subscriber
  switch (subscriber.profile) {
    case 'standard': {
      const { events } = subscriber
      await api.createSubscription({ integration_id: demoIntegration.id, key, name, url, events })
      return
    }
    case 'planomatic-v2':
    case 'planomatic-v3': {
      const statuses = subscriber.profile === 'planomatic-v2' ? subscriber.statuses : []
      const events = subscriber.profile === 'planomatic-v3' ? subscriber.events : []
      const version = subscriber.profile === 'planomatic-v2' ? '2' : '3'
      const mailTo = subscriber.profile === 'planomatic-v3' ? subscriber.mailTo : undefined
      const mails = mailTo === undefined ? {} : { notification_emails: mailTo, notify: true }
      const target = { key, name, callback_url: url, statuses, events, version, active: true, ...mails }
      await dialects.createWebhookOutSub({ integration_id: demoIntegration.id, ...target })
      return
    }
    case 'nursa':
      // Two, as while one takes the place of the other: every request is signed with both.
      await dialects.createNursaWebhook({ url, events: subscriber.events, secrets: [secret(), secret()] })
      return
    case 'planning-center':
      await dialects.createEventSubscription({ name: subscriber.event, url, active: true })
      return
    default:
      subscriber satisfies never
  }
}

const secret = () => randomBytes(24).toString('base64url')

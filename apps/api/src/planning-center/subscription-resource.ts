import type { PagedSubscription } from '@waybill/db'
import { catalogueById } from '@waybill/domain'
import { subscriptionType } from './api-version.ts'
import { addressOf, type Call } from './call.ts'
import type { Identifier, Resource } from './document.ts'

export const subscriptionIdentifier = (call: Call, { id }: Pick<PagedSubscription, 'id'>): Identifier => ({
  id: String(id),
  type: subscriptionType(call.version),
})

/** "WebhookSubscription" (https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/webhook_subscription). */
export function subscriptionResource(
  call: Call,
  subscription: PagedSubscription,
  secrets: readonly Buffer[],
): Resource {
  const self = addressOf(call, call.prefix, subscription.id)
  return {
    ...subscriptionIdentifier(call, subscription),
    attributes: {
      active: subscription.state === 'active',
      application_id: subscription.application,
      authenticity_secret: secrets[0]?.toString('utf8') ?? null,
      created_at: instant(subscription.createdAt),
      name: eventNameOf(subscription),
      updated_at: instant(subscription.updatedAt),
      url: subscription.url,
    },
    relationships: {},
    links: { events: `${self}/events`, rotate_secret: `${self}/rotate_secret`, self },
  }
}

/** The event it listens to. The native API can give it another title, but no other event of this dialect. */
function eventNameOf({ filters, name }: PagedSubscription): string {
  const [eventId] = filters.eventIds ?? []
  return (eventId === undefined ? undefined : catalogueById(eventId)?.dialects['planning-center']) ?? name
}

/** A time in whole seconds, as the vendor writes it. */
export const instant = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`

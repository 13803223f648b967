import type { SubscriptionRecord } from '@waybill/db'
import { profileByCode, type PublicIds } from '@waybill/domain'
import { eventNames } from './event-names.ts'

const hourSeconds = 3_600

/** A subscription as the native API shows it; its secrets are not part of it. */
export function subscriptionJson(publicIds: PublicIds, subscription: SubscriptionRecord) {
  const profile = profileByCode(subscription.profile)
  return {
    id: publicIds.encode('subscription', subscription.id),
    integration_id: subscription.integration,
    key: subscription.key,
    name: subscription.name,
    url: subscription.url,
    profile: profile ?? null,
    events: profile ? eventNames(profile, subscription.filters) : [],
    state: subscription.state,
    success_code: subscription.successCode,
    timeout_seconds: subscription.timeoutMs / 1_000,
    in_flight_limit: subscription.inFlightLimit,
    horizon_hours: subscription.horizonSeconds / hourSeconds,
    view: subscription.view,
    notify: subscription.notify,
    notification_emails: subscription.notificationEmails,
    revision: subscription.revision,
    created_at: subscription.createdAt.toISOString(),
    updated_at: subscription.updatedAt.toISOString(),
  }
}

import type { OutSubRecord } from '@waybill/db'
import { catalogueById, profileCode } from '@waybill/domain'

/** A subscription as the `webhook_out_sub` of this dialect; statuses and events by their full names. */
export function webhookOutSubJson(made: OutSubRecord) {
  const entries = (made.filters.eventIds ?? []).map(catalogueById)
  const namesOf = (kind: string) => entries.flatMap((entry) => (entry?.kind === kind ? [entry.name] : []))
  return {
    id: made.id,
    integration_id: made.integration,
    key: made.key,
    name: made.name,
    callback_url: made.url,
    statuses: namesOf('order_status'),
    events: namesOf('order_event'),
    notification_emails: made.notificationEmails,
    success_code: made.successCode,
    payload_render_view: made.view,
    active: made.state === 'active',
    notify: made.notify,
    version: made.profile === profileCode('planomatic-v2') ? '2' : '3',
    created_at: made.createdAt.toISOString(),
    last_updated: made.updatedAt.toISOString(),
  }
}

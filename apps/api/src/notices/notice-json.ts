import type { NoticeRecord } from '@waybill/db'
import { asDeliveryId, asSubscriptionId, asTriggerId, type PublicIds } from '@waybill/domain'

/** How the members of stored details are called outside. What is not here stays inside. */
const shown = {
  attempts: 'attempt_count',
  code: 'response_status',
  err: 'err',
  reason: 'reason',
  key: 'key',
} as const

/** In a notice about a mail the code is the mail's. */
const shownOfMails = { key: 'key', notice: 'notice_kind', code: 'mail_error' } as const

/** Its trigger is added by its public id. */
const shownOfBatches = { runs: 'run_count' } as const

/** A notice as the native API shows it. */
export function noticeJson(publicIds: PublicIds, notice: NoticeRecord) {
  const { details, kind } = notice
  const subscription = toId(details['subscription'])
  const delivery = toId(details['delivery'] ?? (kind === 'delivery_quarantined' ? Number(notice.ref) : null))
  const trigger = kind === 'batch_quarantined' ? toId(details['trigger']) : undefined
  return {
    id: publicIds.encode('notice', notice.id),
    kind,
    integration_id: notice.integration,
    subscription_id:
      subscription === undefined ? null : publicIds.encode('subscription', asSubscriptionId(subscription)),
    delivery_id: delivery === undefined ? null : publicIds.encode('delivery', asDeliveryId(delivery)),
    details: {
      ...(trigger === undefined ? {} : { trigger_id: publicIds.encode('trigger', asTriggerId(trigger)) }),
      ...shownDetails(notice),
    },
    created_at: notice.createdAt.toISOString(),
    told_at: notice.toldAt?.toISOString() ?? null,
    note: notice.note,
  }
}

function shownDetails({ kind, details }: NoticeRecord): Record<string, unknown> {
  const names = { mail_failed: shownOfMails, batch_quarantined: shownOfBatches }[kind] ?? shown
  return Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) => (isPlain(details[from]) ? [[to, details[from]]] : [])),
  )
}

const toId = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const isPlain = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number'

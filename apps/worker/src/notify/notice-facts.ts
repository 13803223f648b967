import type { NoticeKind } from '@waybill/domain'

/** The notices that become mails. */
export type MailedKind = Exclude<NoticeKind, 'batch_quarantined' | 'subscription_created' | 'mail_failed'>

/** What a mail says of the delivery that led to it, as it was then. Times are instants. */
export type DeliveryFacts = {
  uuid: string
  number: number
  event: string
  orderId: string | null
  attempts: number
  /** When the last attempt began, and how it ended; null where it is not known. */
  lastSentAt: Date | null
  code: number | null
  err: string | null
  /** Why it was given up, else null. */
  reason: string | null
  nextAttemptAt: Date | null
  /** The body of the last attempt, byte for byte; undefined where it can no longer be made. */
  payload: string | undefined
}

/** All that a mail is made of. */
export type NoticeFacts = {
  kind: MailedKind
  subscription: { id: number; key: string; name: string; url: string; integration: string }
  /** Undefined for what concerns the whole subscription. */
  delivery: DeliveryFacts | undefined
  /** Why a subscription was deactivated. */
  reason: string | undefined
  /** How long an endpoint must fail until its profile wants a mail, in ms. */
  failingMs: number | null
}

import { withoutQuery, type Mail } from '@waybill/mail'
import type { DeliveryFacts, NoticeFacts } from './notice-facts.ts'

/** Bytes of a payload that are shown in the text; the attachment has all of them. */
const inlineBytes = 16_384
const attachmentName = 'payload.json'

/** A notice as a plain-text mail. Pure. */
export function renderMail(facts: NoticeFacts): Pick<Mail, 'subject' | 'text' | 'attachments'> {
  const { subscription, delivery } = facts
  const { subject, opening, closing } = words(facts)
  const payload = facts.kind === 'subscription_deactivated' ? undefined : delivery?.payload
  const lines = [
    ...opening,
    '',
    `Subscription  ${subscription.name} (key ${subscription.key}, id ${subscription.id})`,
    `Integration   ${subscription.integration}`,
    `URL           ${withoutQuery(subscription.url)}`,
    ...(delivery ? describe(delivery) : []),
    '',
    ...closing,
    ...(payload === undefined ? [] : ['', ...showPayload(payload)]),
    '',
    '-- ',
    'You get this mail because your address is among the notification addresses of this subscription.',
    '',
  ]
  return {
    subject: `[Waybill] ${subscription.name}: ${subject}`,
    text: lines.join('\n'),
    ...(payload === undefined
      ? {}
      : { attachments: [{ filename: attachmentName, contentType: 'application/json', content: payload }] }),
  }
}

type Words = { subject: string; opening: string[]; closing: string[] }

function words({ kind, subscription, delivery, reason, failingMs }: NoticeFacts): Words {
  const { name } = subscription
  const about =
    delivery && delivery.orderId !== null ? `a delivery for order ${delivery.orderId}` : 'a delivery'
  const since = failingMs === null ? 'for a while' : `for ${failingMs / 3_600_000} h`
  const redeliver = 'Once the endpoint works again, it can be redelivered.'
  switch (kind) {
    case 'delivery_failing':
      return {
        subject: `${about} has failed ${delivery?.attempts ?? 'several'} times`,
        opening: [`${upper(about)} to ${name} has failed ${delivery?.attempts ?? 'several'} times.`],
        closing: ['It is tried again on schedule. No further mail is sent about this until it is given up.'],
      }
    case 'subscription_failing':
      return {
        subject: `deliveries have been failing ${since}`,
        opening: [`Deliveries to ${name} have been failing ${since}; this is one of them.`],
        closing: ['They are tried again on schedule. This mail is sent at most once a day.'],
      }
    case 'delivery_given_up':
      return {
        subject: `${about} was given up`,
        opening: [`${upper(about)} to ${name} was given up: ${delivery?.reason ?? 'it failed for good'}.`],
        closing: [redeliver, 'Others that are given up on the same day (UTC) get no mail of their own.'],
      }
    case 'delivery_quarantined':
      return {
        subject: `${about} was set aside`,
        opening: [`${upper(about)} to ${name} was set aside: Waybill itself failed each time it was sent.`],
        closing: ['A person has to look at it before it is redelivered.'],
      }
    case 'subscription_deactivated':
      return {
        subject: 'the subscription was deactivated',
        opening: [`${name} was deactivated: ${explain(reason)}.`],
        closing: ['It gets no deliveries until it is activated again. What failed can then be redelivered.'],
      }
    default:
      return kind satisfies never
  }
}

function explain(reason: string | undefined): string {
  if (reason === 'gone') return 'its URL answered 410 Gone'
  if (reason === 'exhausted') return 'the last try of a delivery failed'
  if (reason === 'failing') return 'for days nothing was delivered to it'
  return reason ?? 'its endpoint did not work'
}

function describe(delivery: DeliveryFacts): string[] {
  const { code, err, lastSentAt, nextAttemptAt } = delivery
  const answer = [code === null ? undefined : `HTTP ${code}`, err ?? undefined].filter(
    (part) => part !== undefined,
  )
  return [
    `Delivery      ${delivery.uuid} (job ${delivery.number})`,
    `Event         ${delivery.event}`,
    ...(delivery.orderId === null ? [] : [`Order         ${delivery.orderId}`]),
    `Attempts      ${delivery.attempts}`,
    `Last attempt  ${lastSentAt?.toISOString() ?? 'none'}${answer.length > 0 ? `: ${answer.join(', ')}` : ''}`,
    `Next attempt  ${nextAttemptAt?.toISOString() ?? 'none'}`,
  ]
}

/** Whole while it is short: nobody reads more in a mail, and the rest is attached. */
function showPayload(payload: string): string[] {
  const bytes = Buffer.byteLength(payload)
  const head = `The payload as it was sent (${bytes} bytes, attached as ${attachmentName}):`
  if (bytes <= inlineBytes) return [head, '', payload]
  // A character cut in two at the end would show as U+FFFD.
  const start = Buffer.from(payload)
    .subarray(0, inlineBytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '')
  return [head, '', `${start} …`, '', `Cut here after ${inlineBytes} bytes; ${attachmentName} has all of it.`]
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

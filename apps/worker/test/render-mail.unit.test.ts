import { describe, expect, it } from '@jest/globals'
import type { DeliveryFacts, MailedKind, NoticeFacts } from '../src/notify/notice-facts.ts'
import { renderMail } from '../src/notify/render-mail.ts'
import { retryDelayMs } from '../src/notify/tell-notice.ts'

const delivery: DeliveryFacts = {
  uuid: '0018e5a2-0000-8000-8000-000000000000',
  number: 881,
  event: 'scheduled',
  orderId: '40017',
  attempts: 10,
  lastSentAt: new Date('2025-03-09T16:00:00Z'),
  code: 503,
  err: 'unexpected_status',
  reason: null,
  nextAttemptAt: new Date('2025-03-09T16:06:00Z'),
  payload: '{"order_id":40017}',
}

const facts = (kind: MailedKind, changes: Partial<NoticeFacts> = {}): NoticeFacts => ({
  kind,
  subscription: {
    id: 3,
    key: 'yard-crm',
    name: 'Yard CRM',
    url: 'https://crm.example.test/hook?k=9&sig=secret',
    integration: '12 (Yard)',
  },
  delivery,
  reason: undefined,
  failingMs: null,
  ...changes,
})

describe('renderMail', () => {
  it('says after the tenth failure which delivery it is, how it failed and what is next', () => {
    const mail = renderMail(facts('delivery_failing'))
    expect(mail.subject).toBe('[Waybill] Yard CRM: a delivery for order 40017 has failed 10 times')
    for (const line of [
      'Subscription  Yard CRM (key yard-crm, id 3)',
      'Integration   12 (Yard)',
      'Delivery      0018e5a2-0000-8000-8000-000000000000 (job 881)',
      'Event         scheduled',
      'Order         40017',
      'Attempts      10',
      'Last attempt  2025-03-09T16:00:00.000Z: HTTP 503, unexpected_status',
      'Next attempt  2025-03-09T16:06:00.000Z',
    ])
      expect(mail.text.split('\n')).toContain(line)
  })

  it('holds the payload in its text and as payload.json', () => {
    const mail = renderMail(facts('delivery_failing'))
    expect(mail.text).toContain('(18 bytes, attached as payload.json):\n\n{"order_id":40017}\n')
    expect(mail.attachments).toEqual([
      { filename: 'payload.json', contentType: 'application/json', content: '{"order_id":40017}' },
    ])
  })

  it('cuts a long payload in the text, between characters, and attaches all of it', () => {
    const payload = `"${'é'.repeat(20_000)}"`
    const mail = renderMail(facts('delivery_failing', { delivery: { ...delivery, payload } }))
    expect(mail.text.length).toBeLessThan(12_000)
    expect(mail.text).toContain('Cut here after 16384 bytes; payload.json has all of it.')
    expect(mail.text).not.toContain('\uFFFD')
    expect(mail.attachments?.[0]?.content).toBe(payload)
  })

  it('shows no query string of the URL', () => {
    const { text } = renderMail(facts('delivery_failing'))
    expect(text).toContain('URL           https://crm.example.test/hook (without its query)\n')
    expect(text).not.toMatch(/secret|k=9/)
  })

  it.each<[MailedKind, Partial<NoticeFacts>, string]>([
    ['subscription_failing', { failingMs: 3_600_000 }, 'Deliveries to Yard CRM have been failing for 1 h'],
    ['delivery_given_up', { delivery: { ...delivery, reason: 'exhausted' } }, 'was given up: exhausted.'],
    ['delivery_quarantined', {}, 'A delivery for order 40017 to Yard CRM was set aside'],
    [
      'subscription_deactivated',
      { reason: 'exhausted', delivery: undefined },
      'Yard CRM was deactivated: the last try of a delivery failed.',
    ],
    [
      'subscription_deactivated',
      { reason: 'gone', delivery: undefined },
      'Yard CRM was deactivated: its URL answered 410 Gone.',
    ],
    [
      'subscription_deactivated',
      { reason: 'failing', delivery: undefined },
      'Yard CRM was deactivated: for days nothing was delivered to it.',
    ],
  ])('tells %s in its own words (%#)', (kind, changes, words) => {
    expect(renderMail(facts(kind, changes)).text).toContain(words)
  })
})

describe('retryDelayMs', () => {
  it('is a minute after the first failed try and doubles up to an hour', () => {
    expect([1, 2, 3, 6, 7, 8, 80].map((tries) => retryDelayMs(tries) / 60_000)).toEqual([
      1, 2, 4, 32, 60, 60, 60,
    ])
  })
})

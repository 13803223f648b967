import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { listNotices, type NoticeRecord, type SubscriptionRecord } from '@waybill/db'
import { asIntegrationId, profileCode, type ProfileName, type TriggerId } from '@waybill/domain'
import { eventually, queueBackends, startSmtp, type TestSmtp } from '@waybill/testing'
import { aTrigger, failing, openPipeline, type Pipeline } from './support/pipeline.ts'

const yard = asIntegrationId(12)
const backend = queueBackends()[0]
/** Six minutes become 36 ms, an hour 0.36 s. */
const fast = { SCHEDULE_SCALE: '0.0001' }
const both = 'ops@yard.test, dev@yard.test'
const day = { SCHEDULE_SCALE: '1' }

describe('notices become mails', () => {
  let p: Pipeline
  let smtp: TestSmtp
  const running: { stop(): Promise<void> }[] = []
  beforeAll(async () => {
    if (!backend) throw new Error('there is no queue')
    p = await openPipeline(backend)
  })
  afterAll(() => p.close())
  beforeEach(async () => {
    smtp = await startSmtp()
    p.receiver.setResponder(() => ({ status: 500 }))
    await p.sql`DELETE FROM notices`
    await p.sql`DELETE FROM due`
    await p.sql`UPDATE subscriptions SET deleted_at = now(), changed_version = (SELECT version FROM config) + 1`
    await p.sql`UPDATE config SET version = version + 1`
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((worker) => worker.stop()))
    await smtp.close()
  })

  const start = async (changes: Record<string, string> = fast) => {
    const worker = await p.startWorker({
      SMTP_URL: smtp.url,
      MAIL_FROM: 'Waybill <waybill@yard.test>',
      ...changes,
    })
    running.push(worker)
    return worker
  }
  const subscribe = (profile: ProfileName, path = `/${profile}`, emails = 'ops@yard.test') =>
    p.subscribe(`${path}?key=hush`, {
      profile: profileCode(profile),
      name: 'Yard CRM',
      notify: true,
      notificationEmails: emails,
    })
  const send = async (name = 'scheduled') => {
    const trigger = await p.accept(aTrigger(name))
    p.wakeUps.fanOut(trigger)
    return trigger
  }
  const notices = (): Promise<NoticeRecord[]> => listNotices(p.sql, { integrations: [yard] }, 100)
  const attempts = async (trigger: TriggerId) => (await p.deliveriesOf(trigger))[0]?.attempts ?? 0
  const arrived = (path: string) => p.receiver.requests.filter((request) => request.path.startsWith(path))
  const leave = async ({ id }: SubscriptionRecord, ref: string, kind = 'subscription_failing') =>
    p.sql`INSERT INTO notices (kind, ref, integration, details)
      VALUES (${kind}, ${ref}, ${yard}::int, jsonb_build_object('subscription', ${id}::int))`
  const makeDue = () => p.sql`UPDATE notices SET next_try_at = now() WHERE next_try_at < 'infinity'`

  it('notification_emails: every address gets one mail with the payload after the 10th failed attempt', async () => {
    await start()
    await subscribe('planomatic-v2', '/tenth', both)
    const trigger = await send()
    await eventually(async () => (await attempts(trigger)) >= 25, { timeoutMs: 40_000 })
    await eventually(() => smtp.mails.length === 2)
    // It goes on failing, and nobody hears of it again.
    const soFar = await attempts(trigger)
    await eventually(async () => (await attempts(trigger)) >= soFar + 10, { timeoutMs: 40_000 })
    // One each, in which nobody else is named.
    const addresses = ['dev@yard.test', 'ops@yard.test']
    expect(smtp.mails.map((one) => one.to.join()).toSorted()).toEqual(addresses)
    expect(smtp.mails.map((one) => String(one.headers.get('to'))).toSorted()).toEqual(addresses)
    const [mail, other] = smtp.mails
    expect(other?.text).toBe(mail?.text)
    expect(mail?.subject).toBe('[Waybill] Yard CRM: a delivery for order 40017 has failed 10 times')
    const tenth = arrived('/tenth')[9]
    expect(mail?.attachments).toMatchObject([{ filename: 'payload.json', contentType: 'application/json' }])
    expect(mail?.attachments[0]?.content).toEqual(tenth?.rawBody)
    expect(mail?.text).toContain(`\n\n${tenth?.body}\n`)
    expect(mail?.text).toContain(`Delivery      ${tenth?.webhookId} (job `)
    expect(mail?.text).toContain('Attempts      10\n')
    expect(mail?.text).toContain('HTTP 500, unexpected_status')
    expect(mail?.text).toContain(`URL           ${p.receiver.url}/tenth (without its query)\n`)
    expect(mail?.raw).not.toContain('hush')
    expect(await notices()).toMatchObject([
      { kind: 'delivery_failing', toldAt: expect.any(Date), note: null },
    ])
  })

  it('sends no mail after nine failures and a success', async () => {
    p.receiver.setResponder(failing(500, 9))
    await start()
    await subscribe('planomatic-v2')
    const trigger = await send()
    await p.settled(trigger)
    expect(await attempts(trigger)).toBe(10)
    expect(await notices()).toEqual([])
    expect(smtp.seen).toEqual([])
  })

  it('planning-center: a mail after an hour of failing, and one when the last try deactivates the subscription', async () => {
    await start({ SCHEDULE_SCALE: '0.000005' })
    await subscribe('planning-center')
    const trigger = await send('order.delivered')
    await p.settled(trigger, (one) => one.err === 'exhausted')
    await eventually(() => smtp.mails.length === 2)
    expect(smtp.mails.map((mail) => mail.subject).toSorted()).toEqual([
      '[Waybill] Yard CRM: deliveries have been failing for 1 h',
      '[Waybill] Yard CRM: the subscription was deactivated',
    ])
    expect(smtp.mails.map((mail) => mail.text).join()).toContain(
      'Yard CRM was deactivated: the last try of a delivery failed.',
    )
  })

  it('planning-center: a 410 deactivates the subscription and sends a mail that says so', async () => {
    p.receiver.setResponder(() => ({ status: 410 }))
    await start()
    await subscribe('planning-center')
    await send('order.delivered')
    await eventually(() => smtp.mails.length === 1)
    expect(smtp.mails[0]?.text).toContain('Yard CRM was deactivated: its URL answered 410 Gone.')
  })

  it('standard: a mail when a delivery is given up, one a day for all of a subscription', async () => {
    await start(day)
    const subscription = await subscribe('standard')
    // An address that may not be called is given up at the first attempt.
    await p.sql`UPDATE revisions SET url = 'http://10.0.0.1/hook?key=hush' WHERE subscription = ${subscription.id}`
    for (const trigger of [await send(), await send()])
      await p.settled(trigger, (one) => one.err === 'blocked')
    await eventually(async () => (await notices())[0]?.toldAt)
    expect(await notices()).toMatchObject([{ kind: 'delivery_given_up' }])
    const [mail, ...others] = smtp.mails
    expect(others).toEqual([])
    expect(mail?.subject).toBe('[Waybill] Yard CRM: a delivery for order 40017 was given up')
    expect(mail?.text).toContain('was given up: blocked.')
    expect(mail?.text).toContain(': blocked_address\n')
  })

  it('two workers never tell the same notice, nor leave one untold', async () => {
    const subscription = await subscribe('planomatic-v3')
    for (let i = 0; i < 40; i += 1) await leave(subscription, `two-${i}`)
    await Promise.all([start(), start()])
    await eventually(async () => (await notices()).every((notice) => notice.toldAt))
    expect(smtp.mails).toHaveLength(40)
    expect(new Set(smtp.mails.map((mail) => mail.headers.get('message-id'))).size).toBe(40)
  })

  it('tells again what a worker left behind, with the same Message-ID, once its lease is over', async () => {
    await leave(await subscribe('planomatic-v3'), 'left')
    await start(day)
    await eventually(() => smtp.mails.length === 1)
    await eventually(async () => (await notices())[0]?.toldAt)
    await p.sql`UPDATE notices SET sent_at = NULL, next_try_at = now()`
    await eventually(() => smtp.mails.length === 2)
    const ids = smtp.mails.map((mail) => mail.headers.get('message-id'))
    expect(ids[0]).toBe(ids[1])
  })

  it('tries again after a minute when the server takes nothing, and says meanwhile why it has not told', async () => {
    smtp.setBehaviour({ mail: () => 451 })
    await leave(await subscribe('planomatic-v3'), 'later')
    await start(day)
    await eventually(async () => (await notices())[0]?.note === 'not told yet: smtp_rejected')
    const [row] = await p.sql<
      { s: number }[]
    >`SELECT extract(epoch FROM next_try_at - now())::float8 AS s FROM notices`
    expect(row?.s).toBeGreaterThan(30)
    expect(row?.s).toBeLessThanOrEqual(60)
    smtp.setBehaviour({})
    await makeDue()
    await eventually(async () => (await notices())[0]?.toldAt)
    expect((await notices())[0]?.note).toBeNull()
    expect(smtp.mails).toHaveLength(1)
  })

  it('gives up after 72 hours and leaves one notice for operators, about which no mail is sent', async () => {
    smtp.setBehaviour({ recipient: () => 550 })
    await leave(await subscribe('planomatic-v3'), 'hopeless')
    await p.sql`UPDATE notices SET created_at = now() - interval '73 hours'`
    await start(day)
    await eventually(async () => (await notices()).length === 2)
    expect(await notices()).toMatchObject([
      {
        kind: 'mail_failed',
        toldAt: null,
        details: { notice: 'subscription_failing', code: 'smtp_refused_recipient' },
      },
      { kind: 'subscription_failing', toldAt: null, note: 'given up: smtp_refused_recipient' },
    ])
    expect(smtp.seen).toEqual([])
  })

  it('tells the addresses that are taken and notes those that are refused', async () => {
    smtp.setBehaviour({ recipient: (address) => (address === 'dev@yard.test' ? 550 : 250) })
    await leave(await subscribe('planomatic-v3', '/partly', both), 'partly')
    await start(day)
    await eventually(async () => (await notices())[0]?.toldAt)
    expect((await notices())[0]?.note).toBe('refused: dev@yard.test')
    expect(smtp.mails.map((mail) => mail.to)).toEqual([['ops@yard.test']])
  })

  it('notify: false sends no mail, and the notice says that nobody asked', async () => {
    const { id } = await subscribe('planomatic-v3')
    await p.sql`UPDATE subscriptions SET notify = false WHERE id = ${id}`
    await leave({ id } as SubscriptionRecord, 'unasked')
    await start(day)
    await eventually(async () => (await notices())[0]?.note === 'nobody asked to be told')
    expect(smtp.seen).toEqual([])
  })

  it('sends nothing to a subscription that was deleted meanwhile, nor about one that is not there', async () => {
    const subscription = await subscribe('planomatic-v3')
    await leave(subscription, 'deleted')
    await p.sql`UPDATE subscriptions SET deleted_at = now() WHERE id = ${subscription.id}`
    await leave({ ...subscription, id: 999_999 as SubscriptionRecord['id'] }, 'unknown')
    await start(day)
    await eventually(async () => (await notices()).every(({ note }) => note === 'the subscription is gone'))
    expect(smtp.seen).toEqual([])
  })

  it('without SMTP_URL notes that mails are off, and counts it', async () => {
    await leave(await subscribe('planomatic-v3'), 'off')
    const worker = await start({ SMTP_URL: '' })
    await eventually(async () => (await notices())[0]?.note === 'mails are off')
    const metrics = await (await fetch(`${worker.metricsUrl}/metrics`)).text()
    expect(metrics).toContain('waybill_mails_total{outcome="off"} 1')
    expect(metrics).toContain('waybill_notices_total{kind="subscription_failing"} 1')
  })
})

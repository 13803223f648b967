import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createToken } from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import { startSmtp, type TestSmtp } from '@waybill/testing'
import supertest from 'supertest'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'

const path = '/api/v1/webhook_out_subs/create'
let keys = 0
const good = (change: object = {}) => ({
  key: `notified-${(keys += 1)}`,
  name: 'Yard CRM',
  callback_url: 'https://crm.example.com/hook?k=hush',
  version: '3',
  notify: true,
  notification_emails: 'ops@yard.test, dev@yard.test',
  ...change,
})

describe('webhook_out_subs/create with notify', () => {
  let api: TestApi
  let smtp: TestSmtp
  beforeAll(async () => {
    smtp = await startSmtp()
    api = await startTestApi({ env: { SMTP_URL: smtp.url, MAIL_FROM: 'waybill@yard.test' } })
  })
  beforeEach(() => smtp.setBehaviour({}))
  afterAll(async () => {
    await api.close()
    await smtp.close()
  })

  const create = (body: object, on = api) =>
    supertest(on.url)
      .post(path)
      .send({ token: on.tokens.ours, integration_id: ours, ...body })
  const isThere = async (key: string, on = api) =>
    (await on.database.sql`SELECT id FROM subscriptions WHERE key = ${key}`).length === 1
  const notices = async (on = api) => {
    const answer = await supertest(on.url)
      .get('/v1/notices?kind=mail_failed')
      .set('Authorization', `Bearer ${on.tokens.ours}`)
    return answer.body.data as { details: Record<string, unknown> }[]
  }

  it('notify: a confirmation reaches every address before the subscription is made', async () => {
    const wanted = good()
    const seen: boolean[] = []
    smtp.setBehaviour({
      mail: async () => {
        seen.push(await isThere(wanted.key))
        return 250
      },
    })
    const answer = await create(wanted)
    expect(answer.body).toMatchObject({ code: 200, data: { webhook_out_sub: { notify: true } } })
    expect(seen).toEqual([false, false])
    expect(await isThere(wanted.key)).toBe(true)
    const mails = smtp.mails.slice(-2)
    expect(mails.map((one) => `${one.from} ${one.headers.get('to')}`).toSorted()).toEqual([
      'waybill@yard.test dev@yard.test',
      'waybill@yard.test ops@yard.test',
    ])
    expect(new Set(mails.map((one) => one.headers.get('message-id'))).size).toBe(2)
    const [mail] = mails
    expect(mail?.subject).toBe('[Waybill] Yard CRM: you get its failure notices')
    expect(mail?.text).toContain(`(key ${wanted.key})`)
    expect(mail?.raw).not.toMatch(/hush|whsec_/)
    expect(await notices()).toEqual([])
  })

  it('notify: without it, or with false, no mail is sent, whatever notification_emails says', async () => {
    const before = smtp.seen.length
    for (const notify of [undefined, false]) {
      const wanted = good({ notify })
      expect((await create(wanted)).body.data.webhook_out_sub).toMatchObject({
        notify: false,
        notification_emails: 'ops@yard.test, dev@yard.test',
      })
    }
    expect(smtp.seen.length).toBe(before)
  })

  it('notification_emails: without one notify is an invalid-param, and nothing is sent', async () => {
    for (const missing of [undefined, null, '']) {
      const answer = await create(good({ notification_emails: missing }))
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({
        status: 'invalid-param',
        errors: [{ attr: 'notification_emails', message: 'missing' }],
      })
    }
  })

  it('refuses a taken key and an unknown integration before anything is mailed', async () => {
    const wanted = good()
    await create(wanted)
    const before = smtp.seen.length
    expect((await create(wanted)).body.errors).toEqual([{ attr: 'key', message: 'taken' }])
    const { token } = await createToken(api.database.orm, 'early', [asIntegrationId(778)])
    const early = await create(good({ token, integration_id: 778 }))
    expect(early.body).toMatchObject({ status: 'invalid-param', errors: [{ attr: 'integration_id' }] })
    expect(smtp.seen.length).toBe(before)
  })

  it('makes one subscription of two calls with the same key at once', async () => {
    const wanted = good()
    const answers = await Promise.all([create(wanted), create(wanted)])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400])
    expect(answers.find(({ status }) => status === 400)?.body.errors).toEqual([
      { attr: 'key', message: 'taken' },
    ])
  })

  it.each([
    ['is refused', 'smtp_rejected', { mail: () => 554 }],
    ['is put off', 'smtp_rejected', { mail: () => 451 }],
    ['has an address that is refused', 'smtp_refused_recipient', { recipient: refusesDev }],
  ])(
    'mandrill-email-failed: a mail that %s makes no subscription, and a notice is stored (%s)',
    async (_how, code, behaviour) => {
      const wanted = good()
      smtp.setBehaviour(behaviour)
      const answer = await create(wanted)
      expect([answer.status, answer.body.code, answer.body.status]).toEqual([
        500,
        500,
        'mandrill-email-failed',
      ])
      expect(await isThere(wanted.key)).toBe(false)
      const [notice] = await notices()
      expect(notice).toMatchObject({
        kind: 'mail_failed',
        integration_id: ours,
        subscription_id: null,
        details: { key: wanted.key, mail_error: code },
        told_at: null,
        note: 'for operators, never mailed',
      })
      expect(JSON.stringify(notice)).not.toMatch(/hush|yard\.test/)
      const metrics = await api.deps.metrics.registry.metrics()
      expect(metrics).toMatch(new RegExp(`waybill_mail_failures_total{code="${code}"} [1-9]`))
      smtp.setBehaviour({})
      expect((await create(wanted)).status).toBe(200)
    },
  )

  it('mandrill-email-failed: with mails off the subscription is not made and a notice is stored', async () => {
    const off = await startTestApi()
    try {
      const wanted = good()
      const answer = await create(wanted, off)
      expect([answer.status, answer.body.status]).toEqual([500, 'mandrill-email-failed'])
      expect(await isThere(wanted.key, off)).toBe(false)
      expect(await notices(off)).toMatchObject([{ details: { key: wanted.key, mail_error: 'mails_off' } }])
      expect((await create(good({ notify: false }), off)).status).toBe(200)
    } finally {
      await off.close()
    }
  })

  it('mandrill-email-failed: a mail that hangs ends the call by its own deadline and keeps nobody else waiting', async () => {
    smtp.setBehaviour({ mail: () => new Promise<number>(() => {}) })
    const wanted = good()
    const hanging = create(wanted).then(({ body }) => body.status as string)
    const order: string[] = []
    await Promise.all([
      hanging.then((status) => order.push(status)),
      create(good({ notify: false })).then(({ body }) => order.push(body.status as string)),
    ])
    expect(order).toEqual(['action-successful', 'mandrill-email-failed'])
    expect(await isThere(wanted.key)).toBe(false)
    expect((await notices())[0]).toMatchObject({ details: { key: wanted.key, mail_error: 'smtp_timeout' } })
  })
})

describe('POST /v1/subscriptions with notify', () => {
  let api: TestApi
  let smtp: TestSmtp
  beforeAll(async () => {
    smtp = await startSmtp()
    api = await startTestApi({ env: { SMTP_URL: smtp.url } })
  })
  beforeEach(() => smtp.setBehaviour({}))
  afterAll(async () => {
    await api.close()
    await smtp.close()
  })

  const make = (body: object, on = api) =>
    supertest(on.url)
      .post('/v1/subscriptions')
      .auth(on.tokens.ours, { type: 'bearer' })
      .send({
        name: 'Billing',
        url: 'https://billing.example.com/hook?k=hush',
        notify: true,
        notification_emails: 'ops@yard.test, dev@yard.test',
        ...body,
      })

  it('mails a confirmation to every address first', async () => {
    const answer = await make({ key: 'billing' })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ notify: true, notification_emails: 'ops@yard.test, dev@yard.test' })
    const mails = smtp.mails.slice(-2)
    expect(new Set(mails.map((one) => one.headers.get('to')))).toEqual(
      new Set(['dev@yard.test', 'ops@yard.test']),
    )
    expect(mails[0]?.text).toContain('when one of its deliveries is given up')
    expect(mails[0]?.raw).not.toMatch(/hush|whsec_/)
  })

  it('refuses a taken key before anything is mailed', async () => {
    await make({ key: 'once' })
    const before = smtp.seen.length
    expect((await make({ key: 'once' })).body.code).toBe('key_taken')
    expect(smtp.seen.length).toBe(before)
  })

  it('stores nothing but a notice when an address does not take it, or mails are off', async () => {
    smtp.setBehaviour({ recipient: refusesDev })
    const off = await startTestApi()
    try {
      for (const on of [api, off]) {
        const answer = await make({ key: 'unheard' }, on)
        expect([answer.status, answer.body.code]).toEqual([503, 'mail_not_sent'])
        expect(await on.database.sql`SELECT FROM subscriptions WHERE key = 'unheard'`).toHaveLength(0)
        expect(await on.database.sql`SELECT FROM notices WHERE kind = 'mail_failed'`).toHaveLength(1)
      }
    } finally {
      await off.close()
    }
  })
})

function refusesDev(address: string): number {
  return address.startsWith('dev@') ? 550 : 250
}

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startSmtp, type StartSmtpOptions, type TestSmtp } from '@waybill/testing'
import { createMailer, type Mail, type Mailer } from '@waybill/mail'

const from = { name: 'Waybill', address: 'waybill@yard.test' }
const aMail = (changes: Partial<Mail> = {}): Mail => ({
  to: ['ops@yard.test'],
  subject: 'Hello',
  text: 'A line.\n',
  id: 'n-1',
  ...changes,
})
const patience = 20_000

describe('createMailer', () => {
  const open: { close(): unknown }[] = []
  let smtp: TestSmtp
  let mailer: Mailer
  const server = async (options: StartSmtpOptions = {}) => {
    const started = await startSmtp(options)
    open.push(started)
    return started
  }
  const mailerFor = (smtpUrl: string) => {
    const made = createMailer({ smtpUrl, from })
    open.unshift(made)
    return made
  }
  beforeEach(async () => {
    smtp = await server()
    mailer = mailerFor(smtp.url)
  })
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close()
  })

  const messageIds = () => smtp.mails.map((mail) => String(mail.headers.get('message-id')))

  it('sends a text with an attachment, with a Message-ID of its own making', async () => {
    const content = `{"name":"Grüße","long":"${'x'.repeat(3_000)}"}`
    const attachments = [{ filename: 'payload.json', contentType: 'application/json', content }]
    const to = ['ops@yard.test']
    const mail = aMail({ to, subject: 'Größe 10 ≠ 11', text: `Grüße\n${'y'.repeat(2_000)}\n`, attachments })
    expect(await mailer.send(mail, patience)).toEqual({ ok: true, refused: [] })
    const [got, ...others] = smtp.mails
    expect(others).toEqual([])
    expect(got).toMatchObject({ from: 'waybill@yard.test', to, subject: mail.subject, text: mail.text })
    expect(got?.attachments).toEqual([{ ...attachments[0], content: Buffer.from(content) }])
    expect(got?.headers.get('from')).toBe('Waybill <waybill@yard.test>')
    expect(got?.headers.get('message-id')).toMatch(/^<n-1\.[\da-f]{16}@yard\.test>$/)
    expect(got?.headers.get('auto-submitted')).toBe('auto-generated')
  })

  it('sends each address a mail of its own, which shows no other one', async () => {
    const to = ['ops@yard.test', 'dev@yard.test', 'boss@elsewhere.test']
    expect(await mailer.send(aMail({ to }), patience)).toEqual({ ok: true, refused: [] })
    expect(smtp.mails.map((mail) => mail.to.join()).toSorted()).toEqual(to.toSorted())
    for (const mail of smtp.mails) {
      expect(mail.headers.get('to')).toBe(mail.to.join())
      for (const other of to) if (!mail.to.includes(other)) expect(mail.raw).not.toContain(other)
    }
  })

  it('gives a mail one Message-ID for each address, and the same one when it is sent again', async () => {
    const mail = aMail({ to: ['ops@yard.test', 'dev@yard.test'] })
    await mailer.send(mail, patience)
    const once = messageIds().toSorted()
    await mailer.send(mail, patience)
    expect(new Set(once).size).toBe(2)
    expect(messageIds().slice(2).toSorted()).toEqual(once)
    await mailer.send(aMail({ id: 'n-2' }), patience)
    expect(once).not.toContain(messageIds()[4])
  })

  it('writes nothing that RFC 5322 forbids: 7 bits, lines of at most 998 characters, no bare CR or LF', async () => {
    await mailer.send(aMail({ text: `${'z'.repeat(5_000)}\rbare\nline\0 ü` }), patience)
    const raw = smtp.mails[0]?.raw ?? ''
    expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0\u0080-\uffff]/)
    expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
  })

  it('lets no subject and no address add a header or a recipient', async () => {
    const evil = 'x\r\nBcc: victim@elsewhere.test\r\n\r\nbody'
    const to = ['ops@yard.test', 'a@yard.test\r\nBcc: victim@elsewhere.test', 'b@yard.test>,<c@yard.test']
    const result = await mailer.send(aMail({ to, subject: evil }), patience)
    expect(result).toMatchObject({ ok: true, refused: to.slice(1).map((address) => ({ address })) })
    const [got] = smtp.mails
    expect(got?.to).toEqual(['ops@yard.test'])
    expect(got?.headers.has('bcc')).toBe(false)
    expect(got?.subject).toBe('x Bcc: victim@elsewhere.test body')
    expect(got?.text).toBe('A line.\n')
  })

  it('tells which addresses were refused while others were taken', async () => {
    smtp.setBehaviour({ recipient: (address) => (address.startsWith('gone') ? 550 : 250) })
    const to = ['gone@yard.test', 'ops@yard.test']
    const result = await mailer.send(aMail({ to }), patience)
    expect(result).toMatchObject({
      ok: true,
      refused: [{ address: 'gone@yard.test', code: 'smtp_refused_recipient' }],
    })
    expect(smtp.mails.map((mail) => mail.to)).toEqual([['ops@yard.test']])
  })

  it('tells of an address whose mail hangs while the others get theirs', async () => {
    smtp.setBehaviour({
      mail: ({ to }) => (to.includes('slow@yard.test') ? new Promise<number>(() => {}) : 250),
    })
    const result = await mailer.send(aMail({ to: ['slow@yard.test', 'ops@yard.test'] }), 3_000)
    expect(result).toMatchObject({ ok: true, refused: [{ address: 'slow@yard.test', code: 'smtp_timeout' }] })
  })

  it('answers smtp_refused_recipient when nobody is left', async () => {
    smtp.setBehaviour({ recipient: () => 550 })
    expect(await mailer.send(aMail(), patience)).toMatchObject({ ok: false, code: 'smtp_refused_recipient' })
    const unusable = aMail({ to: ['not an address'] })
    expect(await mailer.send(unusable, patience)).toMatchObject({ ok: false, code: 'smtp_refused_recipient' })
    expect(smtp.mails).toEqual([])
  })

  it('answers smtp_rejected when the server takes no such mail, and goes on with the next', async () => {
    smtp.setBehaviour({ mail: () => 554 })
    expect(await mailer.send(aMail(), patience)).toMatchObject({ ok: false, code: 'smtp_rejected' })
    smtp.setBehaviour({})
    expect(await mailer.send(aMail(), patience)).toMatchObject({ ok: true })
  })

  it('answers smtp_unreachable when nobody listens, and sends again once somebody does', async () => {
    const port = Number(new URL(smtp.url).port)
    await smtp.close()
    expect(await mailer.send(aMail(), patience)).toMatchObject({ ok: false, code: 'smtp_unreachable' })
    const again = await server({ port })
    expect(await mailer.send(aMail(), patience)).toMatchObject({ ok: true })
    expect(again.mails).toHaveLength(1)
  })

  it('answers smtp_timeout at the deadline of a server that says nothing', async () => {
    smtp.setBehaviour({ mail: () => new Promise<number>(() => {}) })
    expect(await mailer.send(aMail(), 300)).toMatchObject({ ok: false, code: 'smtp_timeout' })
  })

  it('logs in with what the URL holds, and answers smtp_auth_failed without telling the password', async () => {
    const guarded = await server({ credentials: { user: 'yard', password: 'p@ss/word' } })
    expect(await mailerFor(guarded.url).send(aMail(), patience)).toMatchObject({ ok: true })
    const wrong = await mailerFor(guarded.url.replace('p%40ss', 'guess')).send(aMail(), patience)
    expect(wrong).toMatchObject({ ok: false, code: 'smtp_auth_failed' })
    expect(JSON.stringify(wrong)).not.toContain('guess')
  })

  it('speaks TLS for smtps, and answers smtp_tls_failed to a certificate that nobody trusts', async () => {
    const secure = await server({ secure: true })
    expect(await mailerFor(secure.url).send(aMail(), patience)).toMatchObject({
      ok: false,
      code: 'smtp_tls_failed',
    })
    const trusting = mailerFor(`${secure.url}?tls.rejectUnauthorized=false`)
    expect(await trusting.send(aMail(), patience)).toMatchObject({ ok: true })
    const insisting = mailerFor(`${smtp.url}?requireTLS=true`)
    expect(await insisting.send(aMail(), patience)).toMatchObject({ ok: false, code: 'smtp_tls_failed' })
  })
})

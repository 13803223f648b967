import { createTransport, type SendMailOptions } from 'nodemailer'
import { isAddress, type Sender } from './addresses.ts'
import { classifyMailError, type MailErrorCode } from './mail-error.ts'

export type MailAttachment = { filename: string; contentType: string; content: string }

export type Mail = {
  to: readonly string[]
  /** One line; control characters become blanks. */
  subject: string
  text: string
  attachments?: readonly MailAttachment[]
  /** Makes the Message-ID: the same one for the same mail, so that a repeated one can be told by its readers. */
  id: string
}

/** `refused`: addresses the server did not take while it took others. */
export type MailResult =
  { ok: true; refused: readonly string[] } | { ok: false; code: MailErrorCode; message: string }

export type Mailer = {
  /** Resolves, also on failure, within `withinMs`. After smtp_timeout the mail may have gone out all the same. */
  send(mail: Mail, withinMs: number): Promise<MailResult>
  close(): void
}

export type MailerOptions = {
  /** `smtp://` takes STARTTLS where it is offered, `?requireTLS=true` insists on it; `smtps://` is TLS from the start. */
  smtpUrl: string
  from: Sender
}

const connectTimeoutMs = 5_000
const socketTimeoutMs = 15_000
/** Short, so that no connection is reused that a firewall has forgotten. */
const idleTimeoutMs = 5_000
const maxConnections = 5
const longestSubject = 200

/** Sends plain-text mails over a small pool of SMTP connections. Expected failures are values, never thrown. */
export function createMailer({ smtpUrl, from }: MailerOptions): Mailer {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections,
    // Only where a connection broke before anything of the mail had been sent over it.
    maxRequeues: 1,
    idleTimeout: idleTimeoutMs,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  // Each send tells its own failure; what an idle connection tells is of no interest.
  transport.on('error', () => {})
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  return {
    send: async (mail, withinMs) => {
      const to = mail.to.filter(isAddress)
      if (to.length === 0)
        return { ok: false, code: 'smtp_refused_recipient', message: 'there is no address a mail can go to' }
      try {
        const { rejected } = await transport.sendMail({
          ...toMessage({ ...mail, to }, from, domain),
          signal: AbortSignal.timeout(withinMs),
        })
        const refused = new Set(rejected.map(String))
        return { ok: true, refused: mail.to.filter((one) => !to.includes(one) || refused.has(one)) }
      } catch (error) {
        return { ok: false, ...classifyMailError(error) }
      }
    },
    close: () => transport.close(),
  }
}

function toMessage(mail: Mail, from: Sender, domain: string) {
  return {
    from,
    // As objects: nothing in them is read as a list or as a name.
    to: mail.to.map((address) => ({ name: '', address })),
    subject: oneLine(mail.subject),
    text: mail.text.replaceAll('\0', ''),
    attachments: [...(mail.attachments ?? [])],
    messageId: `<${mail.id}@${domain}>`,
    xMailer: false,
    headers: {
      // RFC 3834: keeps vacation notices from answering.
      'Auto-Submitted': 'auto-generated',
    },
  } satisfies SendMailOptions
}

function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim()
  return line.length > longestSubject ? `${line.slice(0, longestSubject - 1)}…` : line
}

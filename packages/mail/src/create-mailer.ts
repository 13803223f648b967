import { createHash } from 'node:crypto'
import { createTransport, type SendMailOptions, type Transporter } from 'nodemailer'
import { isAddress, type Sender } from './addresses.ts'
import { classifyMailError, type MailErrorCode } from './mail-error.ts'

export type MailAttachment = { filename: string; contentType: string; content: string }

export type Mail = {
  /** Each gets a mail of its own and sees no other address. */
  to: readonly string[]
  /** One line; control characters become blanks. */
  subject: string
  text: string
  attachments?: readonly MailAttachment[]
  /** Makes the Message-ID: the same one for the same mail to the same address, so that its reader can tell a repeated one. */
  id: string
}

export type MailFailure = { code: MailErrorCode; message: string }

/** `refused`: addresses no mail was taken for, while others got theirs. Not ok: none did, for the first one's reason. */
export type MailResult =
  { ok: true; refused: readonly (MailFailure & { address: string })[] } | ({ ok: false } & MailFailure)

export type Mailer = {
  /** Resolves, also on failure, within `withinMs`. After smtp_timeout a mail may have gone out all the same. */
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
      const signal = AbortSignal.timeout(withinMs)
      const tell = (address: string) =>
        sendOne(transport, { ...toMessage(mail, address, from, domain), signal })
      const failures = await Promise.all(
        mail.to.map(async (address) => {
          const failure = isAddress(address) ? await tell(address) : noAddress
          return failure ? [{ address, ...failure }] : []
        }),
      )
      const refused = failures.flat()
      if (refused.length < mail.to.length) return { ok: true, refused }
      const { code, message } = refused[0] ?? noAddress
      return { ok: false, code, message }
    },
    close: () => transport.close(),
  }
}

const noAddress: MailFailure = {
  code: 'smtp_refused_recipient',
  message: 'there is no address a mail can go to',
}

async function sendOne(transport: Transporter, message: SendMailOptions): Promise<MailFailure | undefined> {
  try {
    await transport.sendMail(message)
    return undefined
  } catch (error) {
    return classifyMailError(error)
  }
}

function toMessage(mail: Mail, address: string, from: Sender, domain: string) {
  return {
    from,
    // As an object: nothing in it is read as a list or as a name.
    to: { name: '', address },
    subject: oneLine(mail.subject),
    text: mail.text.replaceAll('\0', ''),
    attachments: [...(mail.attachments ?? [])],
    messageId: `<${mail.id}.${shortHash(address)}@${domain}>`,
    xMailer: false,
    headers: {
      // RFC 3834: keeps vacation notices from answering.
      'Auto-Submitted': 'auto-generated',
    },
  } satisfies SendMailOptions
}

const shortHash = (address: string): string => createHash('sha256').update(address).digest('hex').slice(0, 16)

function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim()
  return line.length > longestSubject ? `${line.slice(0, longestSubject - 1)}…` : line
}

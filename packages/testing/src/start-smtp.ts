import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { readMail, type ReceivedMail } from './read-mail.ts'

export type SmtpBehaviour = {
  /** The status for a recipient; 250 takes it. */
  recipient?: (address: string) => number
  /** The status for a whole mail once it has arrived; 250 takes it. Never resolving: the client waits. */
  mail?: (mail: ReceivedMail) => number | Promise<number>
}

export type TestSmtp = {
  /** `smtp://` or `smtps://`, with the credentials where some are wanted. */
  url: string
  /** Those it took, in order. */
  mails: readonly ReceivedMail[]
  /** Those that arrived whole, also the ones it did not take. */
  seen: readonly ReceivedMail[]
  setBehaviour(behaviour: SmtpBehaviour): void
  /** Breaks every connection. */
  close(): Promise<void>
}

export type StartSmtpOptions = {
  /** Default: a free one. */
  port?: number
  /** TLS from the start, with a certificate that nobody trusts. */
  secure?: boolean
  /** Default: anybody may send. */
  credentials?: { user: string; password: string }
}

/** A real SMTP server on 127.0.0.1 that keeps the mails it takes. */
export async function startSmtp(options: StartSmtpOptions = {}): Promise<TestSmtp> {
  const { port = 0, secure = false, credentials } = options
  const seen: ReceivedMail[] = []
  const mails: ReceivedMail[] = []
  let behaviour: SmtpBehaviour = {}
  const server = new SMTPServer({
    secure,
    logger: false,
    disabledCommands: ['STARTTLS'],
    authOptional: credentials === undefined,
    allowInsecureAuth: true,
    closeTimeout: 1,
    onAuth: ({ username, password }, _session, done) => {
      const ok = username === credentials?.user && password === credentials?.password
      if (ok) done(null, { user: username })
      else done(refusal(535))
    },
    onRcptTo: ({ address }, _session, done) => answer(done, behaviour.recipient?.(address) ?? 250),
    onData: (stream, { envelope }, done) => {
      const from = envelope.mailFrom ? envelope.mailFrom.address : ''
      const to = envelope.rcptTo.map(({ address }) => address)
      text(stream)
        .then(async (raw) => {
          const mail = readMail(raw, { from, to })
          seen.push(mail)
          const status = (await behaviour.mail?.(mail)) ?? 250
          if (status === 250) mails.push(mail)
          answer(done, status)
        })
        .catch((error: unknown) => done(error instanceof Error ? error : new Error(String(error))))
    },
  })
  // A client that hangs up is no failure of the server's.
  server.on('error', () => {})
  const listening = server.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  const address = listening.address() as AddressInfo
  const who = credentials ? `${credentials.user}:${encodeURIComponent(credentials.password)}@` : ''
  return {
    url: `${secure ? 'smtps' : 'smtp'}://${who}127.0.0.1:${address.port}`,
    mails,
    seen,
    setBehaviour: (next) => {
      behaviour = next
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const refusal = (status: number) => Object.assign(new Error(`no, ${status}`), { responseCode: status })

const answer = (done: (error?: Error | null) => void, status: number): void =>
  status === 250 ? done() : done(refusal(status))

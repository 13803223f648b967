import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { describeMail } from './describe-mail.ts'

export type MailSink = { smtpUrl: string; close(): Promise<void> }

/** An SMTP server of this machine that takes every mail and passes none on; `onMail` gets a line about each. */
export async function startMailSink(options: {
  port: number
  onMail: (line: string) => void
}): Promise<MailSink> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    closeTimeout: 1,
    onData: (stream, { envelope }, done) => {
      text(stream).then(
        (mail) => {
          const to = envelope.rcptTo.map(({ address }) => address)
          options.onMail(describeMail(to, mail))
          done()
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
    },
  })
  // A process that ends in the middle of a mail is no failure of the stack.
  const ignore = () => {}
  const listening = server.listen(options.port, '127.0.0.1')
  await once(listening, 'listening')
  server.on('error', ignore)
  return {
    smtpUrl: `smtp://127.0.0.1:${options.port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

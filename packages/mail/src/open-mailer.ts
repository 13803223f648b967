import { parseSender } from './addresses.ts'
import { createMailer, type Mailer } from './create-mailer.ts'

/** The mailer a process' environment asks for; undefined when it names no server, which turns mails off. */
export function openMailer({
  smtpUrl,
  from,
}: {
  smtpUrl: string | undefined
  from: string
}): Mailer | undefined {
  const sender = parseSender(from)
  return smtpUrl !== undefined && sender ? createMailer({ smtpUrl, from: sender }) : undefined
}

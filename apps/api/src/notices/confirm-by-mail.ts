import { randomUUID } from 'node:crypto'
import { checkNewSubscription, recordMailFailure, type Storage } from '@waybill/db'
import { profiles, type IntegrationId, type ProfileName } from '@waybill/domain'
import { readAddresses, withoutQuery, type Mail, type Mailer } from '@waybill/mail'
import type { Logger } from '@waybill/runtime'
import { askStorage } from '../http/ask-storage.ts'
import type { ApiMetrics, MailFailure } from '../metrics.ts'

export type ConfirmDeps = {
  storage: Pick<Storage, 'read' | 'write' | 'suspect'>
  /** Undefined: mails are off. */
  mailer: Mailer | undefined
  metrics: Pick<ApiMetrics, 'mailed' | 'mailFailed'>
  logger: Pick<Logger, 'info' | 'error'>
}

/** What the mail says of the subscription that is about to be made. */
export type Confirmed = {
  key: string
  name: string
  url: string
  profile: ProfileName
  notificationEmails: string | null
}

/** Less than the call may take, so that there is time left to say that it failed. */
const sendWithinMs = 7_500

/**
 * Mails every notification address before the subscription is made: a mail that cannot be sent must leave nothing behind.
 * What can be refused is refused before the mail. Only one who takes the key in between gets past that: then the mail was
 * sent for nothing, as its text allows for.
 */
export async function confirmNew(
  deps: ConfirmDeps,
  integration: IntegrationId,
  subscription: Confirmed,
): Promise<'confirmed' | 'not_mailed' | 'key_taken' | 'no_integration'> {
  const { storage } = deps
  const found = await askStorage(storage, checkNewSubscription(storage.read, integration, subscription.key))
  if (found !== 'free') return found
  return (await confirmByMail(deps, integration, subscription)) ? 'confirmed' : 'not_mailed'
}

/**
 * Mails every notification address that it was named, and waits until all of them are taken. False: they were not;
 * a notice for operators says why. Throws when that notice cannot be stored.
 */
async function confirmByMail(
  deps: ConfirmDeps,
  integration: IntegrationId,
  subscription: Confirmed,
): Promise<boolean> {
  const id = randomUUID()
  const failure = await send(deps, renderConfirmation(id, integration, subscription))
  if (!failure) {
    deps.metrics.mailed('sent')
    return true
  }
  const { code, message } = failure
  const { key } = subscription
  deps.metrics.mailed('failed')
  deps.metrics.mailFailed(code)
  deps.logger.error('mail.failed', { integration, subscription: key, code, message })
  await askStorage(deps.storage, recordMailFailure(deps.storage.write, integration, id, { key, code }))
  return false
}

async function send(
  { mailer }: ConfirmDeps,
  mail: Mail,
): Promise<{ code: MailFailure; message: string } | undefined> {
  if (!mailer) return { code: 'mails_off', message: 'no SMTP server is configured' }
  const result = await mailer.send(mail, sendWithinMs)
  if (!result.ok) return result
  // An address that takes nothing would miss every later mail as well, and nobody would notice.
  const [first] = result.refused
  return (
    first && {
      code: first.code,
      message: `${result.refused.length} of ${mail.to.length} addresses were not taken: ${first.message}`,
    }
  )
}

function renderConfirmation(id: string, integration: IntegrationId, subscription: Confirmed): Mail {
  const { key, name, url, notificationEmails } = subscription
  return {
    id,
    to: readAddresses(notificationEmails ?? ''),
    subject: `[Waybill] ${name}: you get its failure notices`,
    text: [
      `A webhook subscription is being made, and mails about its failures are to go to this address.`,
      '',
      `Subscription  ${name} (key ${key})`,
      `Integration   ${integration}`,
      `URL           ${withoutQuery(url)}`,
      '',
      `You get a mail ${whenMailed(subscription.profile)}.`,
      'Should the subscription not be there, its making failed after this mail had left.',
      '',
    ].join('\n'),
  }
}

/** What the profile's mails are about. */
function whenMailed(name: ProfileName): string {
  const { failures } = profiles[name].mailAfter
  return failures === null
    ? 'when one of its deliveries is given up, and when it is deactivated'
    : `when one of its deliveries has failed ${failures} times, with the payload in it, and when one is given up`
}

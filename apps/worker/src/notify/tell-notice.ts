import {
  findNoticedSubscription,
  type ClaimedNotice,
  type NoticedSubscription,
  type NoticeOutcome,
} from '@waybill/db'
import { asSubscriptionId, noticeKinds, type NoticeKind } from '@waybill/domain'
import { readAddresses, type Mailer, type MailResult } from '@waybill/mail'
import type { Logger } from '@waybill/runtime'
import type { MailOutcome } from '../metrics.ts'
import type { MailedKind } from './notice-facts.ts'
import { readFacts, type FactsDeps } from './read-facts.ts'
import { renderMail } from './render-mail.ts'

export type TellDeps = FactsDeps & {
  /** Undefined: no SMTP server is configured. */
  mailer: Mailer | undefined
  metrics: { mailed(outcome: MailOutcome): void }
  logger: Pick<Logger, 'info' | 'warn'>
}

const sendWithinMs = 20_000
const firstDelayMs = 60_000
const longestDelayMs = 3_600_000
const giveUpAfterMs = 72 * 3_600_000

/** How long a notice waits after so many tries that failed: a minute, doubling to an hour. */
export const retryDelayMs = (tries: number): number =>
  Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(tries - 1, 20))

/** Mails one claimed notice to whoever wants to be told. Throws when the database is away. */
export async function tellNotice(deps: TellDeps, notice: ClaimedNotice): Promise<NoticeOutcome> {
  const kind = mailedKind(notice.kind)
  if (!kind) return { kind: 'never', note: 'for operators, never mailed' }
  const subscription = await readSubscription(deps, notice)
  const reason = whyNot(deps, subscription)
  if (!subscription || !deps.mailer || reason) {
    deps.metrics.mailed(reason === off ? 'off' : 'unasked')
    return { kind: 'never', note: reason ?? gone }
  }
  const result = await deps.mailer.send(
    {
      ...renderMail(await readFacts(deps, notice, kind, subscription)),
      to: readAddresses(subscription.notificationEmails ?? ''),
      id: deps.publicIds.encode('notice', notice.id),
    },
    sendWithinMs,
  )
  return decide(deps, notice, result)
}

const off = 'mails are off'
const gone = 'the subscription is gone'
const unasked = 'nobody asked to be told'

/** Mails about mails would never end, and a batch is of no subscription. */
const unmailed: readonly Exclude<NoticeKind, MailedKind>[] = [
  'batch_quarantined',
  'subscription_created',
  'mail_failed',
]

/** Undefined for what is told to nobody by mail. */
function mailedKind(kind: string): MailedKind | undefined {
  return noticeKinds.find(
    (one): one is MailedKind => one === kind && !(unmailed as readonly string[]).includes(one),
  )
}

function readSubscription({ sql }: TellDeps, { details, integration }: ClaimedNotice) {
  const { subscription: id } = details
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined
  return findNoticedSubscription(sql, asSubscriptionId(id)).then((found) =>
    found?.integration === integration ? found : undefined,
  )
}

function whyNot({ mailer }: TellDeps, subscription: NoticedSubscription | undefined): string | undefined {
  if (!subscription || subscription.deleted) return gone
  if (!subscription.notify || readAddresses(subscription.notificationEmails ?? '').length === 0)
    return unasked
  return mailer ? undefined : off
}

function decide({ metrics, logger }: TellDeps, notice: ClaimedNotice, result: MailResult): NoticeOutcome {
  const line = { notice: notice.id, kind: notice.kind, try: notice.tries }
  if (result.ok) {
    metrics.mailed('sent')
    logger.info('notice.told', { ...line, refused: result.refused.length })
    // Those who were told would be told again, so nobody is tried a second time.
    const note =
      result.refused.length > 0 ? `refused: ${result.refused.map(({ address }) => address).join(', ')}` : null
    return { kind: 'told', note }
  }
  const { code, message } = result
  logger.warn('notice.not-told', { ...line, code, message })
  if (notice.ageMs >= giveUpAfterMs) {
    metrics.mailed('given_up')
    return { kind: 'given-up', note: `given up: ${code}`, code }
  }
  metrics.mailed('failed')
  return { kind: 'later', delayMs: retryDelayMs(notice.tries), note: `not told yet: ${code}` }
}

import {
  findAttempt,
  findDelivery,
  findRevisionView,
  findTrigger,
  type ClaimedNotice,
  type DeliveryRecord,
  type NoticedSubscription,
  type Sql,
} from '@waybill/db'
import {
  asDeliveryId,
  catalogueById,
  profileByCode,
  profiles,
  renderBody,
  type DeliveryId,
  type ProfileName,
  type PublicIds,
} from '@waybill/domain'
import type { Logger } from '@waybill/runtime'
import type { DeliveryFacts, MailedKind, NoticeFacts } from './notice-facts.ts'

export type FactsDeps = { readonly sql: Sql; publicIds: PublicIds; logger: Pick<Logger, 'warn'> }

/** What is to be said of a claimed notice. */
export async function readFacts(
  deps: FactsDeps,
  notice: ClaimedNotice,
  kind: MailedKind,
  subscription: NoticedSubscription,
): Promise<NoticeFacts> {
  const id = deliveryOf(notice)
  const { reason } = notice.details
  const profile = profileByCode(subscription.profile)
  return {
    kind,
    subscription: {
      id: subscription.id,
      key: subscription.key,
      name: subscription.name,
      url: subscription.url,
      integration: `${subscription.integration} (${subscription.integrationName})`,
    },
    delivery: id === undefined ? undefined : await readDelivery(deps, notice, subscription, id),
    reason: typeof reason === 'string' ? reason : undefined,
    failingMs: profile ? profiles[profile].mailAfter.failingMs : null,
  }
}

/** The delivery a notice is about: most name it, and the ref of a quarantined one is its number. */
function deliveryOf({ kind, ref, details }: ClaimedNotice): DeliveryId | undefined {
  const number = details['delivery'] ?? (kind === 'delivery_quarantined' ? Number(ref) : undefined)
  return typeof number === 'number' && Number.isSafeInteger(number) ? asDeliveryId(number) : undefined
}

async function readDelivery(
  deps: FactsDeps,
  { details }: ClaimedNotice,
  { integration }: NoticedSubscription,
  id: DeliveryId,
): Promise<DeliveryFacts | undefined> {
  const found = await findDelivery(deps.sql, integration, id)
  const profile = found && profileByCode(found.profile)
  if (!found || !profile) return undefined
  // As it was when the notice was left: more attempts may have been made since.
  const attempts = typeof details['attempts'] === 'number' ? details['attempts'] : found.attempts
  const last = attempts > 0 ? await findAttempt(deps.sql, id, attempts) : undefined
  const event = catalogueById(found.eventId)
  return {
    uuid: deps.publicIds.encode('delivery', id),
    number: id,
    event: event?.dialects[profile] ?? event?.name ?? 'unknown',
    orderId: found.orderId,
    attempts,
    lastSentAt: last?.sentAt ?? null,
    code: last?.code ?? null,
    err: last?.err ?? null,
    reason: typeof details['err'] === 'string' ? details['err'] : null,
    nextAttemptAt: found.nextAttemptAt,
    payload: attempts > 0 ? await renderPayload(deps, found, profile, attempts) : undefined,
  }
}

/** The body of that attempt: the same function of the same things as when it was sent. */
async function renderPayload(
  { sql, publicIds, logger }: FactsDeps,
  found: DeliveryRecord,
  profile: ProfileName,
  attempt: number,
): Promise<string | undefined> {
  const trigger = await findTrigger(sql, [found.integration], found.trigger)
  const revision = await findRevisionView(sql, found.subscription, found.revision)
  if (!trigger || !revision) return undefined
  try {
    return renderBody({
      profile,
      view: revision.view,
      deliveryUuid: publicIds.encode('delivery', found.id),
      attempt,
      eventId: found.eventId,
      orderId: trigger.orderId,
      facilityId: trigger.facilityId,
      acceptedAtMs: trigger.createdAt.getTime(),
      data: trigger.data,
      organizationId: found.integration,
    })
  } catch (error) {
    // The mail is worth more than its attachment.
    logger.warn('notice.payload-not-rendered', { delivery: found.id, error })
    return undefined
  }
}

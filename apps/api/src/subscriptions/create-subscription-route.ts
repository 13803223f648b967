import { randomBytes } from 'node:crypto'
import {
  createSubscription,
  pgErrorCode,
  type MasterKeys,
  type NewSubscription,
  type Principal,
  type Storage,
} from '@waybill/db'
import {
  generateStandardSecret,
  isKnownView,
  parseStandardSecret,
  profileCode,
  profiles,
  viewNames,
  type IntegrationId,
  type PublicIds,
} from '@waybill/domain'
import type { WakeUps } from '@waybill/queue'
import { askStorage } from '../http/ask-storage.ts'
import { invalidBody, problem, unavailable, type FieldProblem } from '../http/problem.ts'
import { readFields } from '../http/read-fields.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'
import { confirmNew, type ConfirmDeps } from '../notices/confirm-by-mail.ts'
import { wouldMailNobody } from '../notices/notification-rules.ts'
import { checkScope } from '../triggers/check-scope.ts'
import { readEventNames } from './event-names.ts'
import { createNames, type CreateFields, type SubscriptionFields } from './subscription-fields.ts'
import { subscriptionJson } from './subscription-json.ts'

export type SubscriptionDeps = ConfirmDeps & {
  storage: Pick<Storage, 'orm' | 'read' | 'write' | 'suspect'>
  keys: MasterKeys
  publicIds: PublicIds
  fields: SubscriptionFields
  wakeUps: Pick<WakeUps, 'drain'>
}

const profile = profiles.standard
const defaults = { timeoutSeconds: 15, inFlightLimit: 20 }

/**
 * `POST /v1/subscriptions`: the signing secret is in this answer and in no other. With `notify` a confirmation is mailed
 * before, see {@link confirmNew}.
 */
export const createSubscriptionRoute =
  (deps: SubscriptionDeps) =>
  async (call: Call): Promise<Answer> => {
    const fields = readFields(deps.fields.create, call.body, createNames(deps.fields))
    const integration = readIntegration(fields, call.principal)
    const secret = fields.secret ?? generateStandardSecret(randomBytes)
    const wanted = readWanted(integration, fields, secret)
    if (wanted.notify) await confirm(deps, wanted)
    const made = await askStorage(deps.storage, insert(deps, call.actor, wanted))
    if (made === 'key_taken') throw keyTaken()
    deps.logger.info('subscription.created', { actor: call.actor, integration, subscription: made.id })
    const body = subscriptionJson(deps.publicIds, made)
    return {
      status: 201,
      body: { ...body, secret },
      headers: { location: `/v1/subscriptions/${body.id}`, 'cache-control': 'no-store' },
    }
  }

export const keyTaken = () => problem('key_taken', 'Another subscription of this integration has this key.')

function readIntegration({ integration_id: given }: CreateFields, principal: Principal): IntegrationId {
  const [only] = principal.integrations
  if (given === undefined && principal.integrations.size === 1 && only !== undefined) return only
  if (given === undefined)
    throw invalidBody([
      {
        pointer: '/integration_id',
        code: 'required',
        message: 'The token reaches several integrations: say which.',
      },
    ])
  checkScope(principal, given)
  return given
}

function readWanted(integration: IntegrationId, fields: CreateFields, secret: string): NewSubscription {
  const problems: FieldProblem[] = []
  const filters = readEventNames(profile.name, fields.events, problems)
  checkView(fields.view, problems)
  const { notify = false, notification_emails: notificationEmails = null } = fields
  if (wouldMailNobody({ notify, notificationEmails })) problems.push(mailsNobody)
  if (problems.length > 0) throw invalidBody(problems)
  const clear = parseStandardSecret(secret)
  return {
    integration,
    key: fields.key ?? randomBytes(9).toString('base64url'),
    name: fields.name,
    url: fields.url,
    view: fields.view ?? null,
    profile: profileCode(profile.name),
    state: fields.state ?? 'active',
    filters,
    successCode: fields.success_code ?? null,
    horizonSeconds:
      fields.horizon_hours === undefined ? profile.defaultHorizonMs / 1_000 : fields.horizon_hours * 3_600,
    timeoutMs: (fields.timeout_seconds ?? defaults.timeoutSeconds) * 1_000,
    inFlightLimit: fields.in_flight_limit ?? defaults.inFlightLimit,
    notify,
    notificationEmails,
    secrets: clear ? [clear] : [],
  }
}

async function confirm(deps: ConfirmDeps, wanted: NewSubscription): Promise<void> {
  const found = await confirmNew(deps, wanted.integration, { ...wanted, profile: profile.name })
  if (found === 'key_taken') throw keyTaken()
  if (found === 'no_integration') throw noIntegration()
  if (found === 'not_mailed')
    throw unavailable(
      'mail_not_sent',
      'The confirmation could not be mailed to every address; nothing was stored.',
    )
}

async function insert({ storage, keys }: SubscriptionDeps, actor: string, wanted: NewSubscription) {
  try {
    return await createSubscription(storage.orm, keys, actor, wanted)
  } catch (error) {
    // A token may be scoped to an integration before somebody makes it.
    if (pgErrorCode(error) !== '23503') throw error
    throw noIntegration()
  }
}

export const mailsNobody: FieldProblem = {
  pointer: '/notification_emails',
  code: 'required',
  message: 'notify takes notification_emails.',
}

const noIntegration = () =>
  invalidBody([
    { pointer: '/integration_id', code: 'unknown_integration', message: 'There is no such integration.' },
  ])

export function checkView(
  view: string | null | undefined,
  problems: FieldProblem[],
  name = profile.name,
): void {
  if (typeof view !== 'string' || isKnownView(name, view)) return
  const allowed = viewNames(name).join(' and ')
  problems.push({
    pointer: '/view',
    code: 'unknown_view',
    message: `There is no such view; there are ${allowed}.`,
  })
}

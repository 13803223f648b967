import { checkUrl, type AddressPolicy } from '@waybill/egress'
import { asIntegrationId, parseStandardSecret, parseSuccessCode } from '@waybill/domain'
import { z } from 'zod'
import { refuse } from '../http/read-fields.ts'
import type { FieldNames } from '../http/unknown-field.ts'
import { addressesRule, areAddresses } from '../notices/notification-rules.ts'

const maxHours = 720
const unfit = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u

const line = (max: number) =>
  z
    .string()
    .max(max)
    .superRefine((text, context) => {
      if (text.trim() === '') refuse(context, 'too_short', 'The text must not be empty or blank.')
      else if (unfit.test(text))
        refuse(context, 'invalid_format', 'The text must not contain control characters.')
    })

const successCode = z.string().superRefine((text, context) => {
  if (parseSuccessCode(text) === undefined)
    refuse(context, 'invalid_success_code', 'Write codes like 200, 2XX, 200-299 or a list of these.')
})

const secret = z.string().superRefine((text, context) => {
  if (parseStandardSecret(text) === undefined)
    refuse(context, 'invalid_secret', 'A secret is whsec_ and 24 to 64 bytes in base64.')
})

/** Counted first: of a list that is too long no element is looked at. */
const events = z
  .array(z.unknown())
  .max(100)
  .pipe(z.array(z.string().max(128)))

const addresses = z.string().superRefine((text, context) => {
  if (!areAddresses(text)) refuse(context, 'invalid_format', `notification_emails ${addressesRule}.`)
})

const state = z.enum(['active', 'paused', 'inactive'])

export type UrlRules = { policy: AddressPolicy; requireHttps: boolean }

/** The fields a caller may set, as zod shapes, made once for the process. */
export function subscriptionFields({ policy, requireHttps }: UrlRules) {
  const url = z.string().superRefine((text, context) => {
    const check = checkUrl(text, policy, { requireHttps })
    if (!check.ok) refuse(context, check.code, check.message)
  })
  const changeable = {
    key: line(200),
    name: line(200),
    url,
    events,
    success_code: successCode.nullable(),
    timeout_seconds: z.int().min(1).max(30),
    in_flight_limit: z.int().min(1).max(100),
    horizon_hours: z.int().min(1).max(maxHours),
    view: z.string().max(100).nullable(),
    state,
    notify: z.boolean(),
    notification_emails: addresses.nullable(),
  }
  const update = z.strictObject(changeable).partial()
  const create = z.strictObject({
    ...z.object(changeable).partial().shape,
    name: changeable.name,
    url,
    integration_id: z.int().min(1).max(2_147_483_647).transform(asIntegrationId).optional(),
    secret: secret.optional(),
  })
  return { create, update }
}

export type SubscriptionFields = ReturnType<typeof subscriptionFields>
export type CreateFields = z.infer<SubscriptionFields['create']>
export type UpdateFields = z.infer<SubscriptionFields['update']>

/** What the service sets itself. */
const readOnly: ReadonlySet<string> = new Set([
  'id',
  'status',
  'profile',
  'revision',
  'created_at',
  'updated_at',
  'deleted_at',
  'tenant_id',
])

/** Words that callers bring along from elsewhere. */
const advice: FieldNames['advice'] = {
  active: {
    code: 'unknown_field',
    message: 'There is no field "active": use state (active, paused or inactive).',
  },
}

/** How members are spoken of that a new subscription does not take. */
export const createNames = ({ create }: SubscriptionFields): FieldNames => ({
  known: new Set(Object.keys(create.shape)),
  readOnly,
  advice,
})

/** How members are spoken of that cannot be changed. */
export const updateNames = ({ update }: SubscriptionFields): FieldNames => ({
  known: new Set(Object.keys(update.shape)),
  readOnly,
  advice: {
    ...advice,
    secret: { code: 'read_only_field', message: '"secret" cannot be changed here.' },
    integration_id: { code: 'read_only_field', message: '"integration_id" cannot be changed.' },
  },
})

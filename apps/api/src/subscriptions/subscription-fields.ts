import { checkUrl, type AddressPolicy } from '@waybill/egress'
import { asIntegrationId, parseStandardSecret, parseSuccessCode } from '@waybill/domain'
import { z } from 'zod'
import { refuse } from '../http/read-fields.ts'

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
    events: z.array(z.string().max(128)).max(100),
    success_code: successCode.nullable(),
    timeout_seconds: z.int().min(1).max(30),
    in_flight_limit: z.int().min(1).max(100),
    horizon_hours: z.int().min(1).max(maxHours),
    view: z.string().max(100).nullable(),
  }
  const update = z.strictObject({ ...changeable, state: z.enum(['active', 'paused', 'inactive']) }).partial()
  const create = z.strictObject({
    ...z.object(changeable).partial().shape,
    name: changeable.name,
    url,
    integration_id: z.int().min(1).max(2_147_483_647).transform(asIntegrationId).optional(),
    secret: secret.optional(),
    active: z.boolean().optional(),
  })
  return { create, update }
}

export type SubscriptionFields = ReturnType<typeof subscriptionFields>
export type CreateFields = z.infer<SubscriptionFields['create']>
export type UpdateFields = z.infer<SubscriptionFields['update']>

/** What the service sets itself. */
export const readOnlyFields: ReadonlySet<string> = new Set([
  'id',
  'status',
  'profile',
  'revision',
  'created_at',
  'updated_at',
  'deleted_at',
  'tenant_id',
])

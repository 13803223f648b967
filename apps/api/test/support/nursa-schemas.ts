import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'

/**
 * The bodies of the Nursa API as its contract has them, independent of what prints ours:
 * https://docs.nursa.com/pages/api/webhook-logs-controller-search-logs and the pages of the webhooks' controllers.
 */
const facilityEvents = [
  'shift.request.created',
  'shift.request.cancelled',
  'shift.report.created',
  'shift.scheduled.cancelled',
  'shift.scheduled',
  'shift.created',
  'shift.report.accepted-automatically',
  'shift.report.accepted',
  'shift.report.rejected',
  'shift.cancelled',
  'all',
]
const userEvents = [
  'all',
  'facility.user-connection.accepted',
  'facility.user-connection.rejected',
  'facility.creation.accepted',
  'facility.creation.rejected',
]

const text = { type: 'string' }
const texts = { type: 'array', items: text }
const uuid = { type: 'string', format: 'uuid' }
/** Every member is required and there is no other, in this order. */
const exactly = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
})

const dispatch = {
  id: uuid,
  facilityId: text,
  eventType: { enum: facilityEvents },
  requestPayload: exactly({ data: { type: 'object' }, eventType: { enum: facilityEvents } }),
  responseStatus: { type: 'number' },
  responseBody: text,
  url: { type: 'string', format: 'uri' },
}
const retry = exactly({ ...dispatch, retryAttempt: { type: 'integer', minimum: 0 } })
const log = exactly({
  ...dispatch,
  retries: retry,
  status: { enum: ['success', 'failure'] },
  // An addition of ours: the contract allows further members.
  retryAttempts: { type: 'array', items: retry },
})
const webhook = (events: string[], own: Record<string, object>) =>
  exactly({
    id: uuid,
    url: { type: 'string', format: 'uri', pattern: '^https://' },
    events: { type: 'array', items: { enum: events }, minItems: 1 },
    clientId: text,
    ...own,
    secrets: { ...texts, minItems: 1, maxItems: 2 },
  })
const facilityWebhook = webhook(facilityEvents, { facilities: texts })
const userWebhook = webhook(userEvents, {})

const refusal = (message: object, error: string, statusCode: number) =>
  exactly({ message, error: { const: error }, statusCode: { const: statusCode } })
const bare = (message: string, statusCode: number) =>
  exactly({ message: { const: message }, statusCode: { const: statusCode } })

export const nursaSchemas = {
  logs: exactly({ data: { type: 'array', items: log } }),
  facilityWebhook: exactly({ data: facilityWebhook }),
  facilityWebhooks: exactly({ data: { type: 'array', items: facilityWebhook } }),
  userWebhook: exactly({ data: userWebhook }),
  userWebhooks: exactly({ data: { type: 'array', items: userWebhook } }),
  badRequest: refusal({ ...texts, minItems: 1 }, 'Bad Request', 400),
  unauthorized: bare('Unauthorized', 401),
  forbidden: refusal({ const: 'Forbidden Resource' }, 'Forbidden', 403),
  webhookNotFound: refusal({ const: 'Webhook not found' }, 'Not Found', 404),
  noRoute: refusal({ type: 'string', pattern: '^Cannot [A-Z]+ /' }, 'Not Found', 404),
  tooManyRequests: bare('Too Many Requests', 429),
  crash: exactly({ statusCode: { const: 500 }, message: { const: 'Internal server error' } }),
  unavailable: bare('Service Unavailable', 503),
} as const

export type NursaSchema = keyof typeof nursaSchemas

const ajv = new Ajv({ allErrors: true, strict: false })
addFormats.default(ajv)

/** What is wrong with a body by the contract, and with the order of its members; nothing: []. */
export function nursaFaults(name: NursaSchema, body: unknown): string[] {
  const schema = nursaSchemas[name]
  const validate = ajv.compile(schema)
  const faults = validate(body)
    ? []
    : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message}`)
  return [...faults, ...misplaced(schema, body)]
}

type Shape = { properties?: Record<string, Shape>; items?: Shape }

function misplaced(schema: Shape, body: unknown, at = ''): string[] {
  if (Array.isArray(body))
    return body.flatMap((one, i) => misplaced(schema.items ?? {}, one as unknown, `${at}/${i}`))
  if (typeof body !== 'object' || body === null || !schema.properties) return []
  const documented = Object.keys(schema.properties)
  const faults =
    Object.keys(body).join() === documented.join() ? [] : [`${at} has its members in another order`]
  const inner = Object.entries(body).flatMap(([name, value]) =>
    misplaced(schema.properties?.[name] ?? {}, value, `${at}/${name}`),
  )
  return [...faults, ...inner]
}

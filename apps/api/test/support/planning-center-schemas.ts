import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'

/**
 * The dialect's documents as JSON schemas, written from the vendor's pages ("Event", "Delivery", "WebhookSubscription",
 * https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/event and its neighbours; "Errors",
 * https://api.planningcenteronline.com/docs/overview/errors), never from what the service happens to answer.
 */
const text = { type: 'string' }
const id = { type: 'string', minLength: 1 }
const numericId = { type: 'string', pattern: '^[1-9][0-9]*$' }
const time = { type: 'string', format: 'date-time', pattern: 'Z$' }
const address = { type: 'string', format: 'uri', pattern: '^https?://' }
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })

const exactly = (properties: Record<string, object>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
})

const identifier = (type: string | readonly string[]) =>
  exactly({ type: { enum: typeof type === 'string' ? [type] : type }, id })

const toOne = (type: string) => exactly({ data: identifier(type) })

const resource = (
  type: string,
  attributes: Record<string, object>,
  links: readonly string[],
  relationships: Record<string, object> = {},
  resourceId: object = numericId,
) =>
  exactly({
    type: { const: type },
    id: resourceId,
    attributes: exactly(attributes),
    relationships: exactly(relationships),
    links: exactly(Object.fromEntries(links.map((name) => [name, address]))),
  })

const statuses = [
  'pending',
  'delivered',
  'failed',
  'skipped',
  'duplicated',
  'ignored_failed',
  'ignored_skipped',
  'ignored_duplicated',
]

const subscription = (type: string) =>
  resource(
    type,
    {
      active: { type: 'boolean' },
      application_id: orNull({ type: 'integer' }),
      authenticity_secret: { type: 'string', minLength: 16 },
      created_at: time,
      name: { type: 'string', pattern: '^[^.]+(\\.[^.]+){4,}$' },
      updated_at: time,
      url: address,
    },
    ['events', 'rotate_secret', 'self'],
  )

const event = (links: readonly string[]) =>
  resource(
    'Event',
    {
      created_at: time,
      payload: text,
      status: { enum: statuses },
      updated_at: time,
      uuid: { type: 'string', format: 'uuid' },
    },
    links,
    {
      subscription: toOne('Subscription'),
      person: exactly({ data: orNull(identifier('Person')) }),
    },
  )

const resources = {
  Organization: resource('Organization', {}, ['available_events', 'me', 'webhook_subscriptions', 'self']),
  Organization2018: resource('Organization', {}, ['available_events', 'me', 'subscriptions', 'self']),
  Person: resource('Person', { name: text }, ['self']),
  AvailableEvent: resource(
    'AvailableEvent',
    { name: text, app: text, version: text, type: text, resource: text, action: text },
    [],
    {},
    id,
  ),
  WebhookSubscription: subscription('WebhookSubscription'),
  Subscription: subscription('Subscription'),
  Event: event(['deliveries', 'ignore', 'redeliver', 'self']),
  Event2018: event(['deliveries', 'redeliver', 'self']),
  Delivery: resource(
    'Delivery',
    {
      created_at: time,
      object_url: address,
      request_body: orNull(text),
      request_headers: text,
      response_body: orNull(text),
      response_headers: orNull(text),
      status: orNull({ type: 'integer', minimum: 100, maximum: 599 }),
      timing: orNull({ type: 'number', minimum: 0 }),
      updated_at: time,
    },
    ['self'],
    { event: toOne('Event') },
  ),
}
export type ResourceName = keyof typeof resources

const parent = identifier(['Organization', 'WebhookSubscription', 'Subscription', 'Event'])
const names = { type: 'array', items: text }
const toOffset = exactly({ offset: { type: 'integer', minimum: 0 } })

const collection = (of: object) =>
  exactly({
    links: exactly({ self: address, prev: address, next: address }, ['prev', 'next']),
    data: { type: 'array', items: of },
    included: { type: 'array', maxItems: 0 },
    meta: exactly(
      {
        total_count: { type: 'integer', minimum: 0 },
        count: { type: 'integer', minimum: 0, maximum: 100 },
        prev: toOffset,
        next: toOffset,
        can_order_by: names,
        can_query_by: names,
        can_include: { type: 'array', maxItems: 0 },
        can_filter: names,
        parent,
      },
      ['prev', 'next'],
    ),
  })

const single = (of: object) =>
  exactly({
    data: of,
    included: { type: 'array', maxItems: 0 },
    meta: exactly({ can_include: { type: 'array', maxItems: 0 }, parent }, ['parent']),
  })

const errors = exactly({
  errors: {
    type: 'array',
    minItems: 1,
    items: exactly(
      {
        status: { type: 'string', pattern: '^[45][0-9][0-9]$' },
        title: text,
        code: text,
        detail: { type: 'string', minLength: 1 },
        source: exactly({ parameter: text }),
        meta: exactly({ resource: text, associated_resources: names }),
      },
      ['status', 'title', 'code', 'source', 'meta'],
    ),
  },
})

const ajv = formats.default(new Ajv({ strict: true, allErrors: true }))
const compiled = new Map<string, ValidateFunction>([
  ['errors', ajv.compile(errors)],
  ...Object.entries(resources).flatMap(([name, one]): [string, ValidateFunction][] => [
    [`one ${name}`, ajv.compile(single(one))],
    [`many ${name}`, ajv.compile(collection(one))],
  ]),
])

/** What is wrong with a body, in ajv's words; empty when nothing is. */
export function problemsOf(kind: 'errors' | `${'one' | 'many'} ${ResourceName}`, body: unknown): string[] {
  const validate = compiled.get(kind)
  if (!validate) throw new Error(`no schema ${kind}`)
  return validate(body)
    ? []
    : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
}

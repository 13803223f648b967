import type { IncomingMessage } from 'node:http'
import { checkMediaType } from '../http/check-media-type.ts'
import { parseJsonBody, type JsonObject } from '../http/parse-json-body.ts'
import { quote } from '../http/quote.ts'
import { readBody } from '../http/read-body.ts'
import { invalidPayload } from './refusal.ts'

const maxBytes = 262_144
const types: ReadonlySet<unknown> = new Set(['WebhookSubscription', 'Subscription', null, undefined])

/** The attributes of the posted resource. Its `type` may be missing, null or of either version, its `id` anything. */
export async function readAttributes(request: IncomingMessage): Promise<JsonObject> {
  acceptJsonApi(request)
  checkMediaType(request)
  const { data } = parseJsonBody(await readBody(request, maxBytes)).value
  if (data === undefined) throw invalidPayload("The payload given does not contain a 'data' key.")
  if (!isObject(data)) throw invalidPayload("The 'data' of the payload is not an object.")
  if (!types.has(data['type']))
    throw invalidPayload(`The payload's type is ${quote(asText(data['type']))}, not WebhookSubscription.`)
  const attributes = data['attributes'] ?? {}
  if (!isObject(attributes)) throw invalidPayload("The 'attributes' of the payload are not an object.")
  return attributes
}

/** JSON of any kind, as text; an object's own `toString` would be the caller's. */
const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** JSON:API's own media type is one more name for JSON; so is none at all. */
function acceptJsonApi({ headers }: IncomingMessage): void {
  headers['content-type'] = (headers['content-type'] ?? 'application/json').replace(
    /^ *application\/vnd\.api\+json/i,
    'application/json',
  )
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

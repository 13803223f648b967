import type { Principal } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'
import type { JsonObject } from '../http/parse-json-body.ts'
import { base } from './address-of.ts'
import type { ApiVersion } from './api-version.ts'
import type { Identifier } from './document.ts'
import { forbidden } from './refusal.ts'

/** Where subscriptions are: the documented path, and the one that is in use. Links keep to the one that was called. */
export const prefixes = ['webhook_subscriptions', 'subscriptions'] as const
export type Prefix = (typeof prefixes)[number]

/** A request of the dialect once it is known who makes it. */
export type Call = {
  principal: Principal
  /** The token's id, where the caller named it. */
  application: number | null
  /** Who is written into the audit log. */
  actor: string
  version: ApiVersion
  prefix: Prefix
  /** Where the caller sees this service. */
  origin: string
  /** The path and query as they came. */
  url: string
  params: Readonly<Record<string, string>>
  /** Those of the posted resource; empty where the route takes no body. */
  attributes: JsonObject
  /** Aborts once nobody waits for the answer: its time is up, the caller has gone, or it is sent. */
  signal: AbortSignal
}

export type Answer = {
  status: number
  document?: unknown
  /** The document as JSON text instead, or its beginning where there is a rest. */
  text?: string
  /** Further pieces of the text, made while those before them are sent. */
  rest?: AsyncIterable<string>
  headers?: Readonly<Record<string, string>>
}

/** One line of the dialect's route table; its path begins below the base. */
export type Route = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  takesBody?: true
  handle: (call: Call) => Promise<Answer>
}

/** The organization a call is made for: a token's only integration, or its lowest. */
export function organizationOf({ integrations }: Principal): IntegrationId {
  const [lowest] = [...integrations].toSorted((a, b) => a - b)
  if (lowest === undefined) throw forbidden('This token reaches no organization.')
  return lowest
}

export const organization = (id: IntegrationId): Identifier => ({ id: String(id), type: 'Organization' })

/** The absolute address of what lies below the base. */
export const addressOf = ({ origin }: Call, ...steps: readonly (string | number)[]): string =>
  [origin + base, ...steps].join('/')

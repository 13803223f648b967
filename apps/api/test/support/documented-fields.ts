import type { Json } from './hostile-values.ts'
import { eventName, hook } from './planning-center.ts'
import { ours } from './start-test-api.ts'
import { trigger } from './trigger.ts'

export type Fields = { [name: string]: Json }
/** A good body of some routes, and the documented fields that it lacks; `a.b` is member b of member a. */
export type KnownBody = { path: RegExp; good: Fields; others: readonly string[] }

const words = (text: string): readonly string[] => text.split(' ')

const lists =
  'count view filters search search.term search.attributes sort sort.by sort.order page page.size page.number'
const outSub = 'key statuses notification_emails success_code payload_render_view active notify'

/** For a token of integration 12 and the id of a subscriber of the PlanOmatic dialect. */
export function knownBodies(token: string, id: number): KnownBody[] {
  const asked = { token, integration_id: ours }
  return [
    { path: /triggers\/batch$/, good: { triggers: [trigger()] }, others: [] },
    {
      path: /v1\/triggers$/,
      good: trigger(),
      others: words('occurred_at facility_id person occurrence_id data'),
    },
    {
      path: /v1\/subscriptions/,
      good: { name: 'a', url: hook },
      others: words(
        'integration_id key events success_code timeout_seconds in_flight_limit horizon_hours view state notify notification_emails secret',
      ),
    },
    {
      path: /out_subs\/create/,
      good: { ...asked, name: 'a', callback_url: hook, version: '3', events: ['order.delivered'] },
      others: words(outSub),
    },
    {
      path: /out_subs\/update/,
      good: { ...asked, id, version: '3' },
      others: words(`name callback_url events ${outSub}`),
    },
    { path: /out_subs\/index/, good: asked, others: words(lists) },
    {
      path: /jobs\/index/,
      good: asked,
      others: words(
        `filters.date_range_start filters.date_range_end filters.status_code filters.event_type filters.status filters.subscribers filters.endpoint ${lists}`,
      ),
    },
    { path: /client_register/, good: { token }, others: [] },
    {
      path: /sessions\/create/,
      good: { email: 'a@b.example', password: 'p', application: 'planoauth' },
      others: ['remember_me'],
    },
    { path: /api\/v2\/public/, good: { url: hook, events: ['all'] }, others: words('facilities secrets') },
    {
      path: /webhook_subscriptions(\/:subscription)?$/,
      good: { data: { type: 'WebhookSubscription', attributes: { name: eventName, url: hook } } },
      others: words(
        'data.type data.id data.attributes data.attributes.name data.attributes.url data.attributes.active',
      ),
    },
  ]
}

const queries: readonly (readonly [path: RegExp, names: readonly string[]])[] = [
  [
    /^\/v1\/deliveries/,
    words(
      'limit cursor status subscription_id trigger_id event response_status order_id created_after created_before',
    ),
  ],
  [/^\/v1\/notices/, words('limit cursor integration_id kind')],
  [/^\/v1/, words('limit cursor integration_id')],
  [
    /^\/api\/v1/,
    words(
      'token id version callback_url success_code active page[size] page.number filters filters[status] filters.subscribers filters[endpoint][] filters.date_range_start search search[term] search.attributes[] sort[by] statuses[9999]',
    ),
  ],
  [
    /^\/api\/v2/,
    words(
      'facilitiesIds facilitiesIds[] facilitiesIds[0] eventType startDate endDate limit offset sortDirection',
    ),
  ],
  [/^\/webhooks\/v2/, words('per_page offset order include filter where[status] where[created_at]')],
]

/** The documented parameters of a route's query, or some of its dialect's. */
export const knownParameters = (path: string): readonly string[] =>
  queries.find(([pattern]) => pattern.test(path))?.[1] ?? []

import { catalogue } from '@waybill/domain'
import { addressOf, organization, organizationOf, type Answer, type Call, type Route } from './call.ts'
import { collectionDocument, singleDocument, type Resource } from './document.ts'
import { queryOf } from './address-of.ts'
import { readListQuery, refuseInclude } from './list-query.ts'

/** The organization, who calls, and what can be subscribed to. */
export const organizationRoutes = (): Route[] => [
  { method: 'GET', path: '', handle: readOrganization },
  { method: 'GET', path: '/me', handle: readMe },
  { method: 'GET', path: '/available_events', handle: listAvailableEvents },
]

async function readOrganization(call: Call): Promise<Answer> {
  refuseInclude(new URLSearchParams(queryOf(call.url)))
  const data: Resource = {
    ...organization(organizationOf(call.principal)),
    attributes: {},
    relationships: {},
    links: {
      available_events: addressOf(call, 'available_events'),
      me: addressOf(call, 'me'),
      [call.prefix]: addressOf(call, call.prefix),
      self: addressOf(call),
    },
  }
  return { status: 200, document: singleDocument(data) }
}

/** The application itself: an installation's tokens belong to no person. */
async function readMe(call: Call): Promise<Answer> {
  refuseInclude(new URLSearchParams(queryOf(call.url)))
  const data: Resource = {
    type: 'Person',
    id: String(call.principal.tokenId),
    attributes: { name: call.principal.name },
    relationships: {},
    links: { self: addressOf(call, 'me') },
  }
  return { status: 200, document: singleDocument(data, organization(organizationOf(call.principal))) }
}

async function listAvailableEvents(call: Call): Promise<Answer> {
  const askable = { order: [], where: [] }
  const query = readListQuery(call.url, askable)
  const end = query.offset + query.perPage
  const document = collectionDocument({
    address: addressOf(call, 'available_events'),
    url: call.url,
    query,
    askable,
    data: availableEvents.slice(query.offset, end),
    total: availableEvents.length,
    more: end < availableEvents.length,
    parent: organization(organizationOf(call.principal)),
  })
  return { status: 200, document }
}

/** Everything the profile has a name for; a name says its parts: `{app}.{version}.{type}.{resource}.{action}`. */
const availableEvents: readonly Resource[] = catalogue.flatMap((entry) => {
  const name = entry.dialects['planning-center']
  if (name === undefined) return []
  const [app, version, type, resource, action] = name.split('.')
  const attributes = { name, app, version, type, resource, action }
  return [{ type: 'AvailableEvent', id: name, attributes, relationships: {}, links: {} }]
})

import type { PublicIdKind, PublicIdOf, PublicIds } from '@waybill/domain'
import { problem, type Problem } from './problem.ts'
import { invalidParameter, type QueryParameters } from './query-parameters.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The same answer for an id that never was, one that is gone, and one of somebody else. */
export const notFound = (kind: PublicIdKind): Problem => problem('not_found', `There is no such ${kind}.`)

/** The id in a path. A text that is no UUID is malformed; a UUID we never made belongs to nothing. */
export function readPathId<Kind extends PublicIdKind>(
  publicIds: PublicIds,
  kind: Kind,
  text: string | undefined,
): PublicIdOf[Kind] {
  if (text === undefined || !uuid.test(text)) throw problem('invalid_id', `The id of a ${kind} is a UUID.`)
  const id = publicIds.decode(kind, text)
  if (id === undefined) throw notFound(kind)
  return id
}

/** The id in a query parameter; 'none' for a UUID that we never made, which nothing can match. */
export function readQueryId<Kind extends PublicIdKind>(
  publicIds: PublicIds,
  kind: Kind,
  query: QueryParameters,
  name: string,
): PublicIdOf[Kind] | 'none' | undefined {
  const text = query.text(name)
  if (text === undefined) return undefined
  if (!uuid.test(text)) throw invalidParameter(name, 'is a UUID.')
  return publicIds.decode(kind, text) ?? 'none'
}

/** Where the last page ended; cursors are ids, but callers need not know. */
export function readCursor<Kind extends PublicIdKind>(
  publicIds: PublicIds,
  kind: Kind,
  query: QueryParameters,
): PublicIdOf[Kind] | undefined {
  const text = query.text('cursor')
  if (text === undefined) return undefined
  const id = publicIds.decode(kind, text)
  if (id === undefined) throw invalidParameter('cursor', 'is not one that a page gave as next.')
  return id
}

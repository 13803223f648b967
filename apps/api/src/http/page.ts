import type { QueryParameters } from './query-parameters.ts'
import type { Answer } from './send-answer.ts'

export const pageParameters = ['limit', 'cursor'] as const

const defaultLimit = 25
const maxLimit = 100

export const readLimit = (query: QueryParameters): number =>
  query.wholeNumber('limit', { min: 1, max: maxLimit }) ?? defaultLimit

/** One page as the body `{data, next}` and, when there is another, a `Link: rel="next"` (RFC 8288). */
export function pageAnswer(
  path: string,
  query: QueryParameters,
  data: unknown[],
  next: string | undefined,
): Answer {
  if (next === undefined) return { status: 200, body: { data, next: null } }
  const parameters = query.entries()
  parameters.set('cursor', next)
  return {
    status: 200,
    body: { data, next },
    headers: { link: `<${path}?${parameters.toString()}>; rel="next"` },
  }
}

import { Problem, problem, unavailable } from './problem.ts'

const connectionCodes =
  /^(CONNECTION_\w+|CONNECT_TIMEOUT|E(PIPE|CONN\w+|TIMEDOUT|HOST\w+|NET\w+|NOTFOUND|AI_AGAIN))$/
const sqlState = /^[0-9A-Z]{5}$/

/** A statement did not answer in time; it may still be carried out. */
export class StorageTimeout extends Error {
  readonly code = 'STORAGE_TIMEOUT'
}

/**
 * The first code along an error's causes. By shape: errors of Node's own are of another class where tests load modules
 * in a context of their own.
 */
function codeOf(error: unknown): string | undefined {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause)
    if ('code' in at && typeof at.code === 'string') return at.code
  return undefined
}

/** Whether the error came from the database or the way to it, rather than from a bug of ours. */
export function isStorageError(error: unknown): boolean {
  if (error instanceof StorageTimeout) return true
  const code = codeOf(error)
  return code !== undefined && (connectionCodes.test(code) || sqlState.test(code))
}

/** The server ended a statement that took too long (57014) or waited too long for a lock (55P03). */
const endedByServer = new Set(['57014', '55P03'])

/** Whether the database may be away. A statement that it ended or refused by itself says that it is there. */
export function mayBeAway(error: unknown): boolean {
  return isOutage(error) && isStorageError(error) && !endedByServer.has(codeOf(error) ?? '')
}

/**
 * The database knows no such name (class 42), or refuses the data (21, 22, 23): the statement is wrong. One that our role
 * may not run (42501) is not: somebody has taken a right away, and gives it back.
 */
const wrongStatement = /^(42(?!501)|2[123])/

const isWrong = (error: unknown): boolean => wrongStatement.test(codeOf(error) ?? '')

/** Whether the error says that something of ours is away or too busy for now, rather than that it has a bug. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Problem) return error.status === 503
  return isStorageError(error) && !isWrong(error)
}

/** Whether a statement took longer than it may. */
export const tookTooLong = (error: unknown): boolean => codeOf(error) === '57014'

/** Whether the statement behind this error may have been committed all the same. */
export function mayHaveCommitted(error: unknown): boolean {
  if (error instanceof StorageTimeout) return true
  const code = codeOf(error)
  return code !== undefined && /^(CONNECTION_(CLOSED|DESTROYED)|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code)
}

/** What a thrown value is to the caller: a refusal as it was meant, an outage, or a bug of ours. */
export function toProblem(error: unknown, writes: boolean): Problem {
  if (error instanceof Problem) return error
  if (error instanceof URIError)
    return problem('malformed_path', 'The path has a malformed percent-encoding.')
  if (!isStorageError(error) || isWrong(error))
    return problem('internal_error', 'This was logged; please try again later.', { cause: error })
  if (!writes && tookTooLong(error))
    return unavailable(
      'query_too_slow',
      'The query took too long. Narrow it with filters, a time range or a smaller page.',
      error,
    )
  return writes && mayHaveCommitted(error)
    ? unavailable('commit_unknown', 'The connection to the database broke while it was writing.', error)
    : unavailable('storage_unavailable', 'The database did not answer; please send this again.', error)
}

/** The SQLSTATE or client code (CONNECTION_CLOSED …) of an error of the database client, else undefined. */
export function pgErrorCode(error: unknown): string | undefined {
  // By shape: an error of Node itself is no instance of another realm's Error.
  for (
    let cause = error;
    typeof cause === 'object' && cause !== null;
    cause = 'cause' in cause ? cause.cause : null
  ) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
  }
  return undefined
}

/** Deadlock and serialisation failures: the statement did nothing and may simply run again. */
export const isRetryable = (code: string | undefined): boolean => code === '40P01' || code === '40001'

/** The data was refused (classes 21, 22, 23): repeating the statement as it is cannot help. */
export const isDataError = (code: string | undefined): boolean => code !== undefined && /^2[123]/.test(code)

/** The connection of the statement was ended, by the server or on the way; whether another can be made is not known. */
export const isEndedConnection = (code: string | undefined): boolean =>
  code !== undefined && /^(57P01|CONNECTION_CLOSED|CONNECTION_DESTROYED|ECONNRESET|EPIPE)$/.test(code)

/** The statement names a schema, table, column, function or type that the database does not have. */
export const isUnknownName = (code: string | undefined): boolean =>
  code !== undefined && /^(3F000|42P01|42703|42883|42704)$/.test(code)

/** The longest pause before the second try, in ms; each further one may be four times as long. */
const firstPauseMs = 25

/** Runs `work` again (at most `tries` in all, with jitter between) when it lost a deadlock. */
export async function retryDeadlocks<T>(
  work: () => Promise<T>,
  random: () => number = Math.random,
  tries = 4,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= tries || !isRetryable(pgErrorCode(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 4 ** (attempt - 1) * random()))
    }
  }
}

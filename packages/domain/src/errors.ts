export type CodedErrorOptions = {
  /** The HTTP status a dialect answers with unless its own table says otherwise. */
  readonly status?: number
  /** Facts for the caller and the log line; never secrets or bodies. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The base of everything thrown on purpose: `code` is stable and is what the edges switch on, never the message. */
export class CodedError extends Error {
  override readonly name: string = 'CodedError'
  readonly code: string
  readonly status?: number
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, options: CodedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    if (options.status !== undefined) this.status = options.status
  }
}

/** Whether the thrown value is a {@link CodedError}, of the given code when one is given. */
export function isCodedError(thrown: unknown, code?: string): thrown is CodedError {
  return thrown instanceof CodedError && (code === undefined || thrown.code === code)
}

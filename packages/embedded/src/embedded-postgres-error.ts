export type EmbeddedPostgresErrorCode =
  | 'account_failed'
  | 'binaries_failed'
  | 'folder_not_ours'
  | 'folder_unreachable'
  | 'in_use'
  | 'init_failed'
  | 'port_in_use'
  | 'start_failed'
  | 'stop_failed'
  | 'unsupported_platform'
  | 'wrong_version'

/** Every failure of this package: a code for programs, a sentence that says what to do for people. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly code: EmbeddedPostgresErrorCode

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** How far a request had got when it failed. */
export type EgressPhase = 'dns' | 'connect' | 'tls' | 'send' | 'response'

/** Why a request had no answer. Codes are stable: they are stored, counted and shown. */
export type EgressErrorCode =
  | 'invalid_request'
  | 'blocked_address'
  | 'blocked_port'
  | 'dns_not_found'
  | 'dns_timeout'
  | 'dns_failed'
  | 'connect_refused'
  | 'connect_timeout'
  | 'connect_failed'
  | 'tls_cert_expired'
  | 'tls_self_signed'
  | 'tls_host_mismatch'
  | 'tls_untrusted'
  | 'tls_version'
  | 'tls_alpn'
  | 'tls_not_spoken'
  | 'tls_timeout'
  | 'tls_failed'
  | 'timeout'
  | 'connection_reset'
  | 'socket_closed'
  | 'malformed_response'
  | 'response_headers_too_large'
  | 'sender_closed'
  | 'sender_exhausted'

/** A failure on the way out, raised by the guard itself. */
export class EgressError extends Error {
  readonly code: EgressErrorCode
  readonly phase: EgressPhase

  constructor(code: EgressErrorCode, phase: EgressPhase, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EgressError'
    this.code = code
    this.phase = phase
  }
}

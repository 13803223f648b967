import { EgressError } from './egress-error.ts'
import type { EgressErrorCode, EgressPhase } from './egress-error.ts'

/**
 * OpenSSL's verification results as Node names them (https://nodejs.org/api/tls.html#x509-certificate-error-codes), and
 * those of its failures that tell an endpoint's owner what to change; alerts are those of RFC 8446 §6 and RFC 7301 §3.2.
 */
const TLS_CODES: Record<string, EgressErrorCode> = {
  CERT_HAS_EXPIRED: 'tls_cert_expired',
  CERT_NOT_YET_VALID: 'tls_cert_expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_self_signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_host_mismatch',
  HOSTNAME_MISMATCH: 'tls_host_mismatch',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_untrusted',
  CERT_UNTRUSTED: 'tls_untrusted',
  CERT_REJECTED: 'tls_untrusted',
  CERT_REVOKED: 'tls_untrusted',
  CERT_CHAIN_TOO_LONG: 'tls_untrusted',
  CERT_SIGNATURE_FAILURE: 'tls_untrusted',
  INVALID_CA: 'tls_untrusted',
  INVALID_PURPOSE: 'tls_untrusted',
  PATH_LENGTH_EXCEEDED: 'tls_untrusted',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'tls_version',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls_version',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'tls_alpn',
  // The first bytes are no TLS record: those of an HTTP answer, most often.
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls_not_spoken',
}

const CONNECT_CODES: Record<string, EgressErrorCode> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  // It was taken and broken off before we could see that it stands.
  ECONNRESET: 'connection_reset',
  // This host has no descriptor, port, buffer or memory left, see connect(2) and socket(2): that says nothing about the endpoint.
  EMFILE: 'sender_exhausted',
  ENFILE: 'sender_exhausted',
  ENOBUFS: 'sender_exhausted',
  ENOMEM: 'sender_exhausted',
  EADDRNOTAVAIL: 'sender_exhausted',
  EAGAIN: 'sender_exhausted',
}

/** Codes of undici 7 (its lib/core/errors.js) and of sockets once a connection stands. */
const EXCHANGE_CODES: Record<string, EgressErrorCode> = {
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ETIMEDOUT: 'connection_reset',
  UND_ERR_HEADERS_OVERFLOW: 'response_headers_too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'malformed_response',
  // An assertion of undici's parser is an answer out of turn that it has no name for.
  ERR_ASSERTION: 'malformed_response',
}

/** Refused by undici before anything was sent, whatever the connection was doing. */
const REQUEST_CODES: Record<string, EgressErrorCode> = {
  UND_ERR_INVALID_ARG: 'invalid_request',
  UND_ERR_NOT_SUPPORTED: 'invalid_request',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'invalid_request',
  UND_ERR_DESTROYED: 'sender_closed',
  UND_ERR_CLOSED: 'sender_closed',
}

/** Turns any failure of undici, got or node:net into a stable code, given how far the request had got. */
export function classifyError(
  error: unknown,
  phase: EgressPhase,
): { code: EgressErrorCode; phase: EgressPhase } {
  const own = findEgressError(error)
  if (own) return { code: own.code, phase: own.phase }
  const { code = '', name = '', message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  const refused = REQUEST_CODES[code]
  if (refused) return { code: refused, phase: 'send' }
  const tls = TLS_CODES[code]
  if (tls) return { code: tls, phase: 'tls' }
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return { code: 'tls_failed', phase: 'tls' }
  switch (phase) {
    case 'dns':
      return { code: 'dns_failed', phase }
    case 'connect':
      return { code: CONNECT_CODES[code] ?? 'connect_failed', phase }
    case 'tls':
      return { code: 'tls_failed', phase }
    case 'send':
    case 'response':
      return { code: exchangeCode(code, name, message), phase }
    default:
      return phase satisfies never
  }
}

function exchangeCode(code: string, name: string, message: string): EgressErrorCode {
  const known = EXCHANGE_CODES[code]
  if (known) return known
  // Whatever else the parser refuses violates HTTP; undici reports an answer out of turn as a socket error.
  if (name === 'HTTPParserError' || /^bad (response|upgrade)$/.test(message)) return 'malformed_response'
  return 'socket_closed'
}

/** got wraps what the guard raised as `cause`. */
function findEgressError(error: unknown): EgressError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    if (at instanceof EgressError) return at
  }
  return undefined
}

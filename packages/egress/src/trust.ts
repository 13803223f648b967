import { createSecureContext, rootCertificates } from 'node:tls'
import type { SecureContext } from 'node:tls'

/** TLS 1.2 or newer with Node's own root certificates and, beside them, `ca` in PEM. Made once: it is costly. */
export function createTrust(ca?: string | readonly string[]): SecureContext {
  return createSecureContext({
    minVersion: 'TLSv1.2',
    // Left out, Node's default list applies, which also reads NODE_EXTRA_CA_CERTS.
    ...(ca ? { ca: [...rootCertificates, ...(typeof ca === 'string' ? [ca] : ca)] } : {}),
  })
}

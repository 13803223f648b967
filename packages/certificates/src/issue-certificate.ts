import { generateKeyPair, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** PEM texts, as `tls.createServer` takes them. */
export type IssuedCertificate = { cert: string; key: string }

/** Signs certificates. `cert` is what others have to trust. */
export type Authority = IssuedCertificate

export type CertificateOptions = {
  /** From when and until when it is valid; default: since yesterday, for 30 days. */
  notBefore?: Date
  notAfter?: Date
}

type Extension = { name: string } & Record<string, unknown>

const dayMs = 86_400_000

/**
 * Makes a certificate authority (RFC 5280) of its own: for servers of tests and demonstrations, whose clients are told to
 * trust it, as Node is by `NODE_EXTRA_CA_CERTS`.
 */
export function makeAuthority(
  name = 'Waybill test authority',
  options: CertificateOptions = {},
): Promise<Authority> {
  return issue(name, undefined, options, [
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ])
}

/**
 * A server's certificate for these names and addresses, with a key of its own.
 *
 * @throws RangeError without a host
 */
export async function issueCertificate(
  authority: Authority,
  hosts: readonly string[],
  options: CertificateOptions = {},
): Promise<IssuedCertificate> {
  return issue(firstOf(hosts), authority, options, serverExtensions(hosts))
}

/**
 * The same, signed by nobody but itself.
 *
 * @throws RangeError without a host
 */
export async function selfSignCertificate(
  hosts: readonly string[],
  options: CertificateOptions = {},
): Promise<IssuedCertificate> {
  return issue(firstOf(hosts), undefined, options, serverExtensions(hosts))
}

function firstOf([first]: readonly string[]): string {
  if (first === undefined) throw new RangeError('a certificate needs a host')
  return first
}

const serverExtensions = (hosts: readonly string[]): Extension[] => [
  { name: 'basicConstraints', critical: true, cA: false },
  { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
  { name: 'extKeyUsage', serverAuth: true },
  { name: 'subjectAltName', altNames: hosts.map(toAltName) },
]

/** RFC 5280 §4.2.1.6: 2 is a DNS name, 7 an address. */
const toAltName = (host: string) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host })

const makeKeys = promisify(generateKeyPair)

/** Signed by `issuer`, or by itself. */
async function issue(
  name: string,
  issuer: Authority | undefined,
  { notBefore, notAfter }: CertificateOptions,
  extensions: Extension[],
): Promise<IssuedCertificate> {
  // Node's own: the library makes keys in JavaScript, which takes seconds.
  const keys = await makeKeys('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  // Positive whatever the chance: the first bit of a DER integer is its sign.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
  certificate.validity.notBefore = notBefore ?? new Date(Date.now() - dayMs)
  certificate.validity.notAfter = notAfter ?? new Date(Date.now() + 30 * dayMs)
  const subject = [{ name: 'commonName', value: name }]
  certificate.setSubject(subject)
  certificate.setIssuer(issuer ? forge.pki.certificateFromPem(issuer.cert).subject.attributes : subject)
  certificate.setExtensions(extensions)
  certificate.sign(forge.pki.privateKeyFromPem(issuer?.key ?? keys.privateKey), forge.md.sha256.create())
  return { cert: forge.pki.certificateToPem(certificate), key: keys.privateKey }
}

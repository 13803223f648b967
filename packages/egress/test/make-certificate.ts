import { createSign, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

export interface TestCertificate {
  /** PEM. */
  cert: string
  key: string
  name: string
  privateKey: KeyObject
}

export interface CertificateOptions {
  commonName: string
  /** Names and IPv4 addresses it is valid for. */
  hosts?: string[]
  from?: Date
  to?: Date
  /** Who signs it; itself when left out. */
  issuer?: TestCertificate
  isAuthority?: boolean
}

const DAY = 86_400_000

/** Makes an X.509 v3 certificate (RFC 5280) with node:crypto alone, so that tests need neither openssl nor a package. */
export function makeCertificate(options: CertificateOptions): TestCertificate {
  const {
    commonName,
    hosts = [],
    from = new Date(Date.now() - DAY),
    to = new Date(Date.now() + DAY),
  } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const signature = sequence(oid('2a8648ce3d040302')) // ecdsa-with-SHA256
  const extensions = [
    sequence(
      oid('551d13'),
      der(0x04, sequence(...(options.isAuthority ? [der(0x01, Buffer.of(0xff))] : []))),
    ),
    ...(hosts.length > 0 ? [sequence(oid('551d11'), der(0x04, sequence(...hosts.map(altName))))] : []),
  ]
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.from(`01${Date.now().toString(16).padStart(12, '0')}`, 'hex')),
    signature,
    distinguishedName(options.issuer?.name ?? commonName),
    sequence(time(from), time(to)),
    distinguishedName(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signed = createSign('SHA256')
    .update(body)
    .sign(options.issuer?.privateKey ?? privateKey)
  const certificate = sequence(body, signature, der(0x03, Buffer.concat([Buffer.of(0), signed])))
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    name: commonName,
    privateKey,
  }
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const distinguishedName = (name: string) =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))
const time = (date: Date) =>
  der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`))
const altName = (host: string) =>
  isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))

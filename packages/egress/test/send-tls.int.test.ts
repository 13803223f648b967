import type { RequestListener } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createAddressPolicy, createSender } from '../src/index.ts'
import type { SenderOptions } from '../src/index.ts'
import { makeCertificate } from './make-certificate.ts'
import type { CertificateOptions } from './make-certificate.ts'
import { startHttp, startHttps } from './servers.ts'
import type { TestServer } from './servers.ts'

const policy = createAddressPolicy({ allow: ['loopback'] })
const authority = makeCertificate({ commonName: 'Test authority', isAuthority: true })
const certify = (options: Partial<CertificateOptions> = {}) =>
  makeCertificate({ commonName: 'server', hosts: ['localhost'], issuer: authority, ...options })
const DAY = 86_400_000

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
const ok: RequestListener = (_, response) => void response.end('ok')

async function post(server: TestServer, options: Partial<SenderOptions> = {}, host = 'localhost') {
  cleanups.push(server.close)
  const sender = createSender({ policy, ...options })
  cleanups.push(() => sender.close())
  return sender.send({ url: `https://${host}:${server.port}/`, headers: {}, body: 'x', timeoutMs: 5_000 })
}

describe('send over TLS', () => {
  it('posts to a server whose certificate it trusts, over HTTP/1.1 and TLS 1.3, with its name', async () => {
    const seen: unknown[] = []
    const server = await startHttps(certify(), (incoming, response) => {
      const socket = incoming.socket as TLSSocket
      seen.push(incoming.httpVersion, socket.getProtocol(), socket.servername)
      response.end('ok')
    })
    expect(await post(server, { ca: authority.cert })).toMatchObject({ kind: 'response', status: 200 })
    expect(seen).toEqual(['1.1', 'TLSv1.3', 'localhost'])
  })

  it('accepts a certificate for the address when the URL names an address', async () => {
    const server = await startHttps(certify({ hosts: ['127.0.0.1'] }), ok)
    expect(await post(server, { ca: authority.cert }, '127.0.0.1')).toMatchObject({ status: 200 })
  })

  it('resumes a session on a new connection', async () => {
    const reused: boolean[] = []
    const server = await startHttps(certify(), (incoming, response) => {
      reused.push((incoming.socket as TLSSocket).isSessionReused())
      response.writeHead(200, { connection: 'close' }).end('ok')
    })
    cleanups.push(server.close)
    const sender = createSender({ policy, ca: authority.cert })
    cleanups.push(() => sender.close())
    const url = `https://localhost:${server.port}/`
    for (let n = 0; n < 3; n += 1) await sender.send({ url, headers: {}, body: 'x', timeoutMs: 5_000 })
    expect(reused).toEqual([false, true, true])
  })

  it.each<[string, Partial<CertificateOptions>]>([
    ['tls_self_signed', { issuer: makeCertificate({ commonName: 'server' }) }],
    ['tls_cert_expired', { from: new Date(Date.now() - 2 * DAY), to: new Date(Date.now() - DAY) }],
    ['tls_cert_expired', { from: new Date(Date.now() + DAY), to: new Date(Date.now() + 2 * DAY) }],
    ['tls_host_mismatch', { hosts: ['other.example'] }],
    ['tls_untrusted', { issuer: makeCertificate({ commonName: 'Unknown authority', isAuthority: true }) }],
  ])('answers %s', async (code, options) => {
    // A self-signed certificate has no issuer but itself.
    const certificate =
      code === 'tls_self_signed'
        ? makeCertificate({ commonName: 'server', hosts: ['localhost'] })
        : certify(options)
    let requests = 0
    const server = await startHttps(certificate, () => (requests += 1))
    expect(await post(server, { ca: authority.cert })).toMatchObject({ kind: 'error', phase: 'tls', code })
    expect(requests).toBe(0)
  })

  it('refuses TLS older than 1.2, and says so', async () => {
    const old = await startHttps({ ...certify(), maxVersion: 'TLSv1.1' }, ok)
    expect(await post(old, { ca: authority.cert })).toMatchObject({ code: 'tls_version', phase: 'tls' })
  })

  it('tells a server that wants another protocol than HTTP/1.1 from one that speaks no TLS at all', async () => {
    const other = await startHttps({ ...certify(), ALPNProtocols: ['h2'] }, ok)
    expect(await post(other, { ca: authority.cert })).toMatchObject({ code: 'tls_alpn', phase: 'tls' })
    expect(await post(await startHttp(ok))).toMatchObject({ code: 'tls_not_spoken', phase: 'tls' })
  })
})

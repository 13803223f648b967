import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import {
  issueCertificate,
  makeAuthority,
  selfSignCertificate,
  type IssuedCertificate,
} from '@waybill/certificates'

/** What a client that trusts `ca` makes of a server with this certificate: its status, or its error's code. */
async function visit(issued: IssuedCertificate, ca: string, host: string): Promise<number | string> {
  const server = createServer(issued, (_request, response) => void response.writeHead(204).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise((resolve) => {
      request({ host, port, ca, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
        .once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
        .end()
    })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('issueCertificate', () => {
  it('makes what a client takes for the names and addresses in it, if it trusts the authority', async () => {
    const authority = await makeAuthority()
    const issued = await issueCertificate(authority, ['localhost', '127.0.0.1'])
    expect(await visit(issued, authority.cert, '127.0.0.1')).toBe(204)
    expect(await visit(issued, authority.cert, 'localhost')).toBe(204)
  })

  it('makes nothing that holds for another host, another authority or another time', async () => {
    const [authority, other] = await Promise.all([makeAuthority(), makeAuthority('Somebody else')])
    const elsewhere = await issueCertificate(authority, ['clinic.test'])
    expect(await visit(elsewhere, authority.cert, '127.0.0.1')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    const here = await issueCertificate(authority, ['127.0.0.1'])
    expect(await visit(here, other.cert, '127.0.0.1')).toMatch(/UNABLE_TO_(VERIFY|GET)/)
    const expired = await issueCertificate(authority, ['127.0.0.1'], {
      notAfter: new Date(Date.now() - 1_000),
    })
    expect(await visit(expired, authority.cert, '127.0.0.1')).toBe('CERT_HAS_EXPIRED')
  })

  it('makes what is signed by itself, which nobody trusts who was not told to', async () => {
    const issued = await selfSignCertificate(['127.0.0.1'])
    expect(await visit(issued, (await makeAuthority()).cert, '127.0.0.1')).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(await visit(issued, issued.cert, '127.0.0.1')).toBe(204)
  })

  it('wants a host', async () => {
    await expect(issueCertificate(await makeAuthority(), [])).rejects.toThrow(RangeError)
  })
})

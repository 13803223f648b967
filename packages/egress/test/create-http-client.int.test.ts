import { afterEach, describe, expect, it } from '@jest/globals'
import { startDnsServer } from '@waybill/testing'
import { classifyError, createAddressPolicy, createGuardedLookup, createHttpClient } from '../src/index.ts'
import { makeCertificate } from './make-certificate.ts'
import { startHttp, startHttps, startRaw } from './servers.ts'

const loopback = createAddressPolicy({ allow: ['loopback'] })
const nothing = createAddressPolicy({ allow: [] })
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
function using<T extends { close(): Promise<void> }>(resource: T): T {
  cleanups.push(() => resource.close())
  return resource
}
const codeOf = async (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => 'ok',
    (error: unknown) => classifyError(error, 'connect').code,
  )

describe('http client', () => {
  it('posts JSON and does not throw for a status', async () => {
    const server = using(await startHttp((_, response) => void response.writeHead(503).end('{"a":1}')))
    const client = createHttpClient({ policy: loopback })
    const response = await client.post(`http://localhost:${server.port}/x`, { json: { b: 2 } })
    expect([response.statusCode, response.body, response.retryCount]).toEqual([503, '{"a":1}', 0])
    expect(response.timings.phases.firstByte).toBeGreaterThanOrEqual(0)
    expect(server.connections()).toBe(1)
  })

  it('follows no redirect', async () => {
    const server = using(
      await startHttp(
        (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      ),
    )
    const response = await createHttpClient({ policy: loopback }).get(`http://127.0.0.1:${server.port}/`)
    expect(response.statusCode).toBe(302)
  })

  it('makes no connection to what the policy denies, by address or by name', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const dns = using(await startDnsServer((_, family) => (family === 4 ? ['127.0.0.1'] : [])))
    const lookup = createGuardedLookup({ policy: nothing, servers: [dns.address] })
    const client = createHttpClient({ policy: nothing, lookup })
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.1', 'rebind.example']) {
      for (const scheme of ['http', 'https']) {
        expect([host, await codeOf(client.get(`${scheme}://${host}:${server.port}/`))]).toEqual([
          host,
          'blocked_address',
        ])
      }
    }
    expect(await codeOf(client.get('http://8.8.8.8:6379/'))).toBe('blocked_port')
    expect(server.connections()).toBe(0)
  })

  it('checks the address it is connected to once more, whatever the lookup said', async () => {
    const server = using(await startRaw(() => {}))
    const lookup = async () => [{ address: '127.0.0.1', family: 4 as const }]
    const client = createHttpClient({ policy: nothing, lookup })
    expect(await codeOf(client.get(`http://lying.example:${server.port}/`))).toBe('blocked_address')
  })

  it('dials no local socket', async () => {
    const client = createHttpClient({ policy: loopback })
    await expect(client.get('http://unix:/var/run/x.sock:/y')).rejects.toThrow()
    const forced = client.get('http://unix:/var/run/x.sock:/y', { enableUnixSockets: true })
    expect(await codeOf(forced)).toBe('blocked_address')
  })

  it('verifies certificates and tells what is wrong with one', async () => {
    const certificate = makeCertificate({ commonName: 'server', hosts: ['localhost'] })
    const server = using(await startHttps(certificate, (_, response) => void response.end('secure')))
    const url = `https://localhost:${server.port}/`
    expect(await codeOf(createHttpClient({ policy: loopback }).get(url))).toBe('tls_self_signed')
    const trusting = createHttpClient({ policy: loopback, ca: certificate.cert })
    expect((await trusting.get(url)).body).toBe('secure')
  })

  it('gives up at its time limit', async () => {
    const server = using(await startRaw(() => {}))
    const client = createHttpClient({ policy: loopback, timeoutMs: 200 })
    const before = performance.now()
    await expect(client.get(`http://127.0.0.1:${server.port}/`)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})

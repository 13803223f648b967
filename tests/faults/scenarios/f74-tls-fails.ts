import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { issueCertificate, makeAuthority, selfSignCertificate, type Authority } from '@waybill/certificates'
import { codesByPath } from '../support/codes-by-path.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'
import { startRelay } from '../support/start-relay.ts'

const dayMs = 86_400_000
const ago = (days: number) => new Date(Date.now() - days * dayMs)

/** The only code that attempts at each of these servers may have; '' is the one that is as it should be. */
const expected: Record<string, string> = {
  good: '',
  expired: 'tls_cert_expired',
  'not-yet': 'tls_cert_expired',
  'other-host': 'tls_host_mismatch',
  'self-signed': 'tls_self_signed',
  stranger: 'tls_untrusted',
  'too-old': 'tls_version',
  alpn: 'tls_alpn',
  hangs: 'tls_timeout',
  plain: 'tls_not_spoken',
}

/** What the TLS servers present. All but two are signed by the authority that the worker trusts. */
async function tlsOptions(authority: Authority): Promise<Record<string, TlsOptions>> {
  const here = ['127.0.0.1']
  const fine = await issueCertificate(authority, here)
  return {
    good: fine,
    expired: await issueCertificate(authority, here, { notBefore: ago(3), notAfter: ago(1) }),
    'not-yet': await issueCertificate(authority, here, { notBefore: ago(-1), notAfter: ago(-3) }),
    'other-host': await issueCertificate(authority, ['elsewhere.example']),
    'self-signed': await selfSignCertificate(here),
    stranger: await issueCertificate(await makeAuthority('A stranger'), here),
    // OpenSSL would not even offer TLS 1.0 without being told that it need not be safe.
    'too-old': { ...fine, minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    alpn: { ...fine, ALPNProtocols: ['h2'] },
  }
}

type Door = { port: number; handshakes(): number; clearText(): number }

/** A relay that hears how each connection begins, before a server that does what its name says. */
async function openDoor(context: FaultContext, server: Server, handshakes: () => number): Promise<Door> {
  server.on('tlsClientError', () => undefined).on('error', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  context.cleanUp(async () => void server.close())
  let clear = 0
  const relay = await startRelay(
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port },
    {
      // A TLS connection begins with a handshake record (RFC 8446 §5.1).
      onFirst: ([first]) => void (clear += first === 22 ? 0 : 1),
    },
  )
  context.cleanUp(() => relay.close())
  return { port: relay.port, handshakes, clearText: () => clear }
}

/** What comes out of a handshake goes on to the receiver. */
function openTlsDoor(context: FaultContext, options: TlsOptions, receiver: number): Promise<Door> {
  let done = 0
  const server = createTlsServer(options, (socket) => {
    done += 1
    const onward = connect(receiver, '127.0.0.1').on('error', () => socket.destroy())
    socket
      .on('error', () => onward.destroy())
      .pipe(onward)
      .pipe(socket)
  })
  return openDoor(context, server, () => done)
}

async function openDoors(context: FaultContext, authority: Authority, receiver: number) {
  const doors = new Map<string, Door>()
  for (const [name, options] of Object.entries(await tlsOptions(authority)))
    doors.set(name, await openTlsDoor(context, options, receiver))
  const none = () => 0
  doors.set(
    'hangs',
    await openDoor(
      context,
      createServer(() => undefined),
      none,
    ),
  )
  const bad = 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'
  doors.set(
    'plain',
    await openDoor(
      context,
      createServer((socket) => socket.once('data', () => socket.end(bad))),
      none,
    ),
  )
  return doors
}

export const scenario: Scenario = {
  id: 'F74',
  title:
    'TLS: expired, other host, self-signed, untrusted, TLS 1.0, ALPN, a handshake that hangs or is no TLS',
  backends: bothBackends,
  run: async (context) => {
    const authority = await makeAuthority()
    const trusted = join(context.folder, 'authority.pem')
    await writeFile(trusted, authority.cert)
    const stack = await usualStack(context, { workerEnv: { NODE_EXTRA_CA_CERTS: trusted } })
    const doors = await openDoors(context, authority, stack.receiver.port)
    for (const [name, { port }] of doors)
      await stack.subscribe(`/${name}`, { url: `https://127.0.0.1:${port}/${name}`, horizonSeconds: 8 })
    await stack.client.post(8, { rate: 10 })
    const finding = await judge(stack, { timeoutMs: 120_000 })
    const codes = await codesByPath(stack)
    for (const [name, code] of Object.entries(expected)) {
      const found = codes.get(`/${name}`)?.join() ?? ''
      mustHold(finding, found === code, `F74 ${name}: the attempts say "${found}", not "${code}"`)
      const door = doors.get(name)
      mustHold(finding, door?.clearText() === 0, `F74 ${name}: ${door?.clearText()} requests in clear text`)
    }
    const arrived = new Set((await stack.receiver.lines()).map(({ path }) => path))
    const wrongly = Object.keys(expected).filter((name) => name !== 'good' && arrived.has(`/${name}`))
    mustHold(finding, wrongly.length === 0, `F74 something was sent to ${wrongly.join()}`)
    mustHold(finding, arrived.has('/good'), 'F74 nothing came to the server that is as it should be')
    finding.notes.push(
      Object.keys(expected)
        .map((name) => `${name} ${codes.get(`/${name}`)?.join() ?? ''}`)
        .join(', '),
    )
    return finding
  },
}

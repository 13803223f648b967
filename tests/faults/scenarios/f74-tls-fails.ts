import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold, needsOf } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

const run = promisify(execFile)

async function selfSigned(folder: string): Promise<{ key: Buffer; cert: Buffer }> {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')]
  const subject = ['-subj', '/CN=elsewhere.example', '-addext', 'subjectAltName=DNS:elsewhere.example']
  const out = ['-keyout', key, '-out', cert, '-days', '2', '-nodes']
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...out, ...subject])
  return { key: await readFile(key), cert: await readFile(cert) }
}

async function listen(context: FaultContext, server: Server): Promise<number> {
  server.on('tlsClientError', () => undefined).on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.cleanUp(async () => void server.close())
  return (server.address() as AddressInfo).port
}

/** Counts what arrives in clear text or through a handshake that should have failed. */
export const scenario: Scenario = {
  id: 'F74',
  title: 'TLS: self-signed, too old, a handshake that hangs or is no TLS',
  backends: bothBackends,
  run: async (context) => {
    const pair = await selfSigned(context.folder).catch(() => undefined)
    if (!pair) return needsOf('the openssl program')
    const heard: string[] = []
    const hear = (text: string) => heard.push(text)
    const overTls = (options: object) =>
      createServer({ ...pair, ...options }, (socket) =>
        socket.on('data', (data) => hear(data.toString('latin1'))),
      )
    const mute = createTcpServer((socket) => void socket.on('error', () => undefined))
    const plain = createTcpServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
      socket.on('data', (data) => data.toString('latin1').includes('POST ') && hear('clear text'))
    })
    const ports = {
      'self-signed': await listen(context, overTls({})),
      'too-old': await listen(context, overTls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })),
      hangs: await listen(context, mute),
      plain: await listen(context, plain),
    }
    const stack = await usualStack(context)
    for (const [name, port] of Object.entries(ports))
      await stack.subscribe(`/${name}`, {
        url: `https://127.0.0.1:${port}/${name}`,
        horizonSeconds: 8,
        timeoutMs: 2_000,
      })
    await stack.client.post(8, { rate: 10 })
    const finding = await judge(stack, { timeoutMs: 120_000, skip: ['C5'] })
    const { attempts } = await readLedgers(stack)
    const codes = new Set(attempts.filter(({ code }) => code === null).map(({ err }) => String(err)))
    finding.notes.push(`codes of the attempts: ${[...codes].toSorted().join(', ')}`)
    mustHold(finding, codes.size >= 3, 'F74 the codes do not tell the failures apart')
    mustHold(finding, heard.length === 0, `F74 something was sent all the same: ${heard[0]?.slice(0, 40)}`)
    return finding
  },
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { startDnsServer } from '@waybill/testing'
import { createAddressPolicy, createGuardedLookup, createSender } from '../src/index.ts'
import type { SenderOptions, SendOutcome, SendRequest } from '../src/index.ts'
import { eventually, startHttp, startRaw } from './servers.ts'

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
const sender = (options: Partial<SenderOptions> = {}) => using(createSender({ policy: loopback, ...options }))
const request = (port: number, more: Partial<SendRequest> = {}): SendRequest => ({
  url: `http://127.0.0.1:${port}/hook`,
  headers: { 'content-type': 'application/json' },
  body: '{"a":"ü"}',
  timeoutMs: 5_000,
  ...more,
})

/** The outcome as text, so that a mismatch shows all of it. */
function brief(outcome: SendOutcome): string {
  return outcome.kind === 'error'
    ? `${outcome.phase} ${outcome.code}`
    : `${outcome.status} ${outcome.bodyTruncated ? 'truncated' : 'whole'} ${outcome.body.length}`
}

/** A server that answers every request with these bytes. */
const speaking = async (bytes: string, end = false) =>
  using(
    await startRaw(
      () => {},
      (socket) => void (end ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')),
    ),
  )

describe('send', () => {
  it('posts the very bytes and gives back status, headers and body', async () => {
    const seen: unknown[] = []
    const server = using(
      await startHttp((incoming, response) => {
        const { method, url, headers } = incoming
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('end', () => {
          const body = Buffer.concat(chunks).toString()
          seen.push(method, url, headers['content-type'], headers['content-length'], body)
          response.writeHead(201, { 'X-Answer': 'yes', 'Set-Cookie': ['a=1', 'b=2'] }).end('stored')
        })
      }),
    )
    const outcome = await sender().send(request(server.port))
    expect(seen).toEqual(['POST', '/hook', 'application/json', '10', '{"a":"ü"}'])
    expect(outcome).toMatchObject({ kind: 'response', status: 201, bodyTruncated: false })
    if (outcome.kind !== 'response') throw new Error('no response')
    expect(outcome.body.toString()).toBe('stored')
    expect(outcome.headers).toMatchObject({ 'x-answer': 'yes', 'set-cookie': 'a=1, b=2' })
    expect(outcome.ms).toBeGreaterThanOrEqual(0)
  })

  it.each(['/x?k=9&sig=a%2Fb+c', "/x?q='it'&b[]={1}|2^~`%zz", '/?', '?a=1', '/a//b/%2e?x=/../y?z'])(
    'keeps the query of %s byte for byte',
    async (target) => {
      let seen: string | undefined
      const server = using(
        await startHttp((incoming, response) => {
          seen = incoming.url
          response.end()
        }),
      )
      await sender().send(request(server.port, { url: `http://127.0.0.1:${server.port}${target}` }))
      const query = (text = '') => text.slice(text.indexOf('?'))
      expect(query(seen)).toBe(query(target))
    },
  )

  it('reuses a connection for one request after the other', async () => {
    const server = using(await startHttp((_, response) => void response.end('ok')))
    const { send, stats } = sender()
    for (let n = 0; n < 20; n += 1) expect(brief(await send(request(server.port)))).toBe('200 whole 2')
    expect(server.connections()).toBe(1)
    expect(stats()).toMatchObject({ requests: 20, connects: 1, connections: 1, idle: 1, inFlight: 0 })
  })

  it('opens at most so many connections to an origin; the rest wait their turn', async () => {
    const server = using(await startHttp((_, response) => void setImmediate(() => response.end())))
    const { send, stats } = sender({ connectionsPerOrigin: 3 })
    const outcomes = Promise.all(Array.from({ length: 50 }, () => send(request(server.port))))
    expect(stats()).toMatchObject({ connections: 3, waiting: 47, inFlight: 50 })
    expect(new Set((await outcomes).map(brief))).toEqual(new Set(['200 whole 0']))
    expect(server.connections()).toBe(3)
  })

  it('opens one more for who has waited long enough behind requests that hang', async () => {
    const server = using(await startHttp((to, response) => void (to.url === '/well' && response.end())))
    const { send, stats } = sender({ connectionsPerOrigin: 3, connectionPatienceMs: 30 })
    const hanging = Array.from({ length: 5 }, () => send(request(server.port, { timeoutMs: 2_000 })))
    const url = `http://127.0.0.1:${server.port}/well`
    for (let i = 0; i < 3; i += 1)
      expect(brief(await send(request(server.port, { url })))).toBe('200 whole 0')
    expect(stats()).toMatchObject({ connections: 6, idle: 1, waiting: 0, inFlight: 5 })
    await Promise.all(hanging)
  })

  it('opens no more while it is itself what is slow', async () => {
    let keepsUp = false
    const server = using(await startHttp((to, response) => void (to.url === '/well' && response.end())))
    const { send, stats } = sender({
      connectionsPerOrigin: 3,
      connectionPatienceMs: 30,
      keepsUp: () => keepsUp,
    })
    const hanging = Array.from({ length: 3 }, () => send(request(server.port, { timeoutMs: 2_000 })))
    const late = send(request(server.port, { url: `http://127.0.0.1:${server.port}/well` }))
    await pause(200)
    expect(stats()).toMatchObject({ connections: 3, waiting: 1 })
    keepsUp = true
    expect(brief(await late)).toBe('200 whole 0')
    await Promise.all(hanging)
  })

  it('shares no connection between pool keys', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const { send, stats } = sender()
    for (const poolKey of ['a', 'b', 'a']) await send(request(server.port, { poolKey }))
    expect(server.connections()).toBe(2)
    expect(stats()).toMatchObject({ origins: 2, connects: 2 })
  })

  it('forgets an origin when its idle connection ends, and the one used longest ago beyond the limit', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const brisk = sender({ keepAliveMs: 20 })
    await brisk.send(request(server.port))
    await eventually(() => brisk.stats().origins === 0 && server.open() === 0, 'the idle connection ends')
    const small = sender({ maxOrigins: 2 })
    for (const poolKey of ['a', 'b', 'a', 'c', 'a']) await small.send(request(server.port, { poolKey }))
    expect(small.stats()).toMatchObject({ origins: 2, connections: 2, connects: 3 })
  })

  it('connects anew after a server that closes each time', async () => {
    const server = using(
      await startHttp((_, response) => void response.writeHead(200, { connection: 'close' }).end('x')),
    )
    const { send } = sender()
    const outcomes = []
    for (let n = 0; n < 3; n += 1) outcomes.push(brief(await send(request(server.port))))
    outcomes.push(...(await Promise.all([1, 2, 3].map(() => send(request(server.port))))).map(brief))
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => '200 whole 1'))
    expect(server.connections()).toBe(6)
  })

  it.each([301, 302, 303, 307, 308])('does not follow a %i', async (status) => {
    const paths: unknown[] = []
    const server = using(
      await startHttp((incoming, response) => {
        paths.push(incoming.url)
        response.writeHead(status, { location: '/elsewhere' }).end()
      }),
    )
    const outcome = await sender().send(request(server.port))
    expect(outcome).toMatchObject({ kind: 'response', status, headers: { location: '/elsewhere' } })
    expect(paths).toEqual(['/hook'])
  })

  it('decodes nothing', async () => {
    const server = await speaking('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nxyz')
    const outcome = await sender().send(request(server.port))
    expect(outcome).toMatchObject({ body: Buffer.from('xyz'), headers: { 'content-encoding': 'gzip' } })
  })

  it('takes the final answer after interim ones', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(3)
    const server = await speaking(`${hints}HTTP/1.1 204 No Content\r\nx: 1\r\n\r\n`)
    expect(await sender().send(request(server.port))).toMatchObject({ status: 204, headers: { x: '1' } })
  })

  it('dials localhost without DNS where the policy lists loopback', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const url = `http://localhost:${server.port}/`
    expect(brief(await sender().send(request(server.port, { url })))).toBe('200 whole 0')
  })
})

describe('send, when it fails', () => {
  it('tells a refused connection', async () => {
    const server = await startHttp(() => {})
    await server.close()
    expect(brief(await sender().send(request(server.port)))).toBe('connect connect_refused')
  })

  it('tells a connection that was reset, closed without an answer, or closed within the headers', async () => {
    const reset = using(
      await startRaw(
        () => {},
        (socket) => void socket.resetAndDestroy(),
      ),
    )
    const closed = using(
      await startRaw(
        () => {},
        (socket) => void socket.end(),
      ),
    )
    const within = await speaking('HTTP/1.1 200 OK\r\ncontent-le', true)
    const { send } = sender()
    expect(brief(await send(request(reset.port)))).toBe('response connection_reset')
    expect(brief(await send(request(closed.port)))).toBe('response socket_closed')
    expect(brief(await send(request(within.port)))).toBe('response socket_closed')
  })

  it('takes a peer that is gone before its address was looked at for what it is, not for a blocked one', async () => {
    // Of another thread: this one is busy while the connection is reset.
    const thread = new Worker(
      `const { createServer } = require('node:net')
       const server = createServer((socket) => socket.resetAndDestroy())
       server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port))`,
      { eval: true },
    )
    cleanups.push(async () => void (await thread.terminate()))
    const [port] = (await once(thread, 'message')) as [number]
    const busy = (message: unknown) =>
      (message as { socket: Socket }).socket.prependOnceListener('connect', () => {
        const until = performance.now() + 200
        while (performance.now() < until);
      })
    subscribe('net.client.socket', busy)
    cleanups.push(async () => void unsubscribe('net.client.socket', busy))
    expect(brief(await sender().send(request(port)))).toBe('connect connection_reset')
  })

  it('sends once, even when a kept connection is reset while it is used', async () => {
    let requests = 0
    const server = using(
      await startRaw(
        () => {},
        (socket) => {
          requests += 1
          if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
          else socket.resetAndDestroy()
        },
      ),
    )
    const { send } = sender()
    expect(brief(await send(request(server.port)))).toBe('200 whole 0')
    expect(brief(await send(request(server.port)))).toBe('response connection_reset')
    expect(requests).toBe(2)
  })

  it('goes over a new connection once the kept one has been closed', async () => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
      ),
    )
    const { send, stats } = sender()
    for (let n = 0; n < 3; n += 1) {
      expect(brief(await send(request(server.port)))).toBe('200 whole 0')
      await eventually(() => stats().connections === 0, 'the end of the connection is noticed')
    }
    expect(server.connections()).toBe(3)
  })

  it('goes over a new connection when the kept one turns out to be reset before a byte was sent', async () => {
    const accepted: Socket[] = []
    let requests = 0
    const server = using(
      await startRaw(
        (socket) => void accepted.push(socket),
        (socket) => {
          requests += 1
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
        },
      ),
    )
    const { send } = sender()
    await send(request(server.port))
    // In the check phase: the reset is read in the next poll phase, before undici would write.
    await new Promise((resolve) => setImmediate(resolve))
    const outcome = await new Promise<SendOutcome>((resolve) => {
      setImmediate(() => {
        accepted[0]?.resetAndDestroy()
        void send(request(server.port)).then(resolve)
      })
    })
    expect(brief(outcome)).toBe('200 whole 0')
    expect([requests, accepted.length]).toEqual([2, 2])
  })

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['both framings', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    ['a bad chunk size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nabc'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabcdef\r\n'],
    ['a bad header', 'HTTP/1.1 200 OK\r\nbad header\0: x\r\n\r\n'],
    ['a bad status', 'HTTP/1.1 2x0 OK\r\n\r\n'],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
  ])('calls %s a malformed response and drops the connection', async (_name, bytes) => {
    const server = await speaking(bytes)
    expect(brief(await sender().send(request(server.port)))).toBe('response malformed_response')
    await eventually(() => server.open() === 0, 'the connection is dropped')
  })

  it.each([
    ['one long header', `x: ${'a'.repeat(20_000)}\r\n`],
    ['ten thousand headers', 'x: 1\r\n'.repeat(10_000)],
  ])('refuses %s', async (_name, headers) => {
    const server = await speaking(`HTTP/1.1 200 OK\r\n${headers}\r\n`)
    expect(brief(await sender().send(request(server.port)))).toBe('response response_headers_too_large')
  })

  it.each([
    [{ headers: { 'bad name': 'x' } }],
    [{ headers: { ok: 'a\r\nb: c' } }],
    [{ headers: { 'transfer-encoding': 'chunked' } }],
    [{ url: 'not a url' }],
    [{ url: 'ftp://127.0.0.1/' }],
  ])('answers, not throws, on a request that cannot be sent: %j', async (more) => {
    const server = using(await startHttp((_, response) => void response.end()))
    const { send, stats } = sender()
    expect(brief(await send(request(server.port, more)))).toBe('send invalid_request')
    expect(stats()).toMatchObject({ inFlight: 0, connections: 0 })
    expect(brief(await send(request(server.port)))).toBe('200 whole 0')
  })

  it('waits for what is in flight when it is closed, and refuses what comes after', async () => {
    const server = using(await startHttp((_, response) => void setTimeout(() => response.end('late'), 50)))
    const closing = createSender({ policy: loopback })
    const sent = closing.send(request(server.port))
    await closing.close()
    expect(brief(await sent)).toBe('200 whole 4')
    expect(closing.stats()).toMatchObject({ connections: 0, inFlight: 0 })
    expect(brief(await closing.send(request(server.port)))).toBe('connect sender_closed')
    await eventually(() => server.open() === 0, 'no connection is left')
  })
})

describe('send, behind the guard', () => {
  it('makes no connection to a loopback address or name that is not listed', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const { send } = sender({ policy: nothing })
    for (const host of ['127.0.0.1', 'localhost', '127.1', '[::1]', '[::ffff:127.0.0.1]', '0']) {
      const outcome = await send(request(server.port, { url: `http://${host}:${server.port}/` }))
      expect([host, brief(outcome)]).toEqual([host, 'dns blocked_address'])
    }
    expect(server.connections()).toBe(0)
  })

  it('makes no connection to a blocked port', async () => {
    const { send } = sender({ policy: nothing })
    expect(brief(await send(request(6379, { url: 'http://8.8.8.8:6379/' })))).toBe('connect blocked_port')
    expect(brief(await send(request(22, { url: 'http://8.8.8.8:22/' })))).toBe('connect blocked_port')
  })

  it('makes no connection to a name that turns to loopback after it was checked', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const dns = using(await startDnsServer((_, family) => (family === 4 ? ['127.0.0.1'] : [])))
    const lookup = createGuardedLookup({ policy: nothing, servers: [dns.address] })
    const { send } = sender({ policy: nothing, lookup })
    const url = `http://rebind.example:${server.port}/`
    expect(brief(await send(request(server.port, { url })))).toBe('dns blocked_address')
    expect(server.connections()).toBe(0)
  })

  it('dials the very address that was checked, under the host name, looking it up once', async () => {
    let host: string | undefined
    const server = using(
      await startHttp((incoming, response) => {
        host = incoming.headers.host
        response.end()
      }),
    )
    const dns = using(await startDnsServer((_, family) => (family === 4 ? ['127.0.0.1'] : [])))
    const lookup = createGuardedLookup({ policy: loopback, servers: [dns.address] })
    const url = `http://hooks.example:${server.port}/`
    expect(brief(await sender({ lookup }).send(request(server.port, { url })))).toBe('200 whole 0')
    expect(host).toBe(`hooks.example:${server.port}`)
    expect(dns.questions.toSorted()).toEqual(['hooks.example 4', 'hooks.example 6'])
  })

  it('passes on why a name could not be looked up', async () => {
    const dns = using(await startDnsServer(() => 'NXDOMAIN'))
    const lookup = createGuardedLookup({ policy: loopback, servers: [dns.address] })
    const url = 'http://absent.example/'
    expect(brief(await sender({ lookup }).send(request(80, { url })))).toBe('dns dns_not_found')
  })

  it('checks the address it is connected to once more, whatever the lookup said', async () => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => void socket.end(),
      ),
    )
    const lookup = async () => [{ address: '127.0.0.1', family: 4 as const }]
    const { send } = sender({ policy: nothing, lookup })
    const url = `http://lying.example:${server.port}/`
    expect(brief(await send(request(server.port, { url })))).toBe('connect blocked_address')
  })
})

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { startDnsServer } from '@waybill/testing'
import { createAddressPolicy, createGuardedLookup, createSender } from '../src/index.ts'
import type { SenderOptions, SendOutcome } from '../src/index.ts'
import { eventually, startHttp, startRaw } from './servers.ts'

const policy = createAddressPolicy({ allow: ['loopback'] })
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
function using<T extends { close(): Promise<void> }>(resource: T): T {
  cleanups.push(() => resource.close())
  return resource
}

/** Sends one request and measures how long its outcome took. */
async function timed(port: number, timeoutMs: number, options: Partial<SenderOptions> = {}, body = 'x') {
  const { send, stats } = using(createSender({ policy, ...options }))
  const before = performance.now()
  const outcome = await send({ url: `http://127.0.0.1:${port}/`, headers: {}, body, timeoutMs })
  return { outcome, took: performance.now() - before, stats }
}

/** Writes a byte every 20 ms until the socket is gone. */
function drip(socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 20)
  socket.on('close', () => clearInterval(timer))
}

function expectTimeout(outcome: SendOutcome, phase: string): void {
  expect(outcome).toMatchObject({ kind: 'error', code: 'timeout', phase })
}

/** The promise is ± 250 ms; a busy test machine gets a little more. */
function expectAround(took: number, ms: number): void {
  expect(took).toBeGreaterThan(ms - 20)
  expect(took).toBeLessThan(ms + 5_000)
}

describe('the deadline', () => {
  it('ends a request whose server never answers, and drops the connection', async () => {
    const server = using(await startRaw(() => {}))
    const { outcome, took, stats } = await timed(server.port, 300)
    expectTimeout(outcome, 'response')
    expectAround(took, 300)
    expect(stats()).toMatchObject({ connections: 0, inFlight: 0 })
    await eventually(() => server.open() === 0, 'the connection is dropped')
  })

  it.each([
    ['headers that drip', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
    ['endless interim answers', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('ends %s', async (_name, start, repeated) => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => {
          socket.write(start)
          drip(socket, repeated)
        },
      ),
    )
    const { outcome, took } = await timed(server.port, 400)
    expectTimeout(outcome, 'response')
    expectAround(took, 400)
  })

  it('counts the time spent waiting for a connection', async () => {
    const server = using(await startRaw(() => {}))
    const { send, stats } = using(createSender({ policy, connectionsPerOrigin: 1 }))
    const request = { url: `http://127.0.0.1:${server.port}/`, headers: {}, body: 'x' }
    const first = send({ ...request, timeoutMs: 600 })
    const second = await send({ ...request, timeoutMs: 200 })
    expectTimeout(second, 'connect')
    expect(stats()).toMatchObject({ waiting: 0, inFlight: 1 })
    expectTimeout(await first, 'response')
    expect(server.connections()).toBe(1)
  })

  it('counts the lookup, and a name that hangs delays no other origin', async () => {
    const server = using(await startHttp((_, response) => void response.end()))
    const dns = using(await startDnsServer(() => 'silence'))
    const lookup = createGuardedLookup({ policy, servers: [dns.address] })
    const { send } = using(createSender({ policy, lookup }))
    const hanging = send({ url: 'http://silent.example/', headers: {}, body: 'x', timeoutMs: 300 })
    const local = await send({
      url: `http://127.0.0.1:${server.port}/`,
      headers: {},
      body: 'x',
      timeoutMs: 300,
    })
    expect(local).toMatchObject({ kind: 'response' })
    const outcome = await hanging
    expectTimeout(outcome, 'dns')
    expectAround(outcome.ms, 300)
  })

  it('says that it was still sending when the server does not read', async () => {
    const server = using(await startRaw((socket) => void socket.pause()))
    const { outcome } = await timed(server.port, 3_000, {}, 'x'.repeat(30_000_000))
    expectTimeout(outcome, 'send')
  })

  it('ends a TLS handshake that hangs after the time to connect', async () => {
    const server = using(await startRaw(() => {}))
    const { send } = using(createSender({ policy, connectTimeoutMs: 200 }))
    const outcome = await send({
      url: `https://127.0.0.1:${server.port}/`,
      headers: {},
      body: 'x',
      timeoutMs: 5_000,
    })
    expect(outcome).toMatchObject({ code: 'tls_timeout', phase: 'tls' })
  })
})

describe('a body', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  const length = (outcome: SendOutcome) => (outcome.kind === 'response' ? outcome.body.length : -1)

  it('that never ends is cut at 16 KiB with the status kept, and the connection dropped', async () => {
    const chunk = `1000\r\n${'a'.repeat(4_096)}\r\n`
    let written = 0
    const server = using(
      await startRaw(
        () => {},
        (socket) => {
          socket.write(HEAD)
          const more = (): void => {
            while (!socket.destroyed && socket.write(chunk)) written += chunk.length
          }
          socket.on('drain', more)
          more()
        },
      ),
    )
    const { outcome, took, stats } = await timed(server.port, 10_000)
    expect(outcome).toMatchObject({ kind: 'response', status: 200, bodyTruncated: true })
    expect(length(outcome)).toBe(16_384)
    expect(took).toBeLessThan(10_000)
    expect(stats().connections).toBe(0)
    await eventually(() => server.open() === 0, 'the connection is dropped')
    expect(written).toBeLessThan(50_000_000)
  })

  it.each([
    [16_384, false],
    [16_385, true],
  ])('of %i bytes is truncated: %s', async (size, bodyTruncated) => {
    const server = using(await startHttp((_, response) => void response.end('a'.repeat(size))))
    const { outcome } = await timed(server.port, 5_000)
    expect(outcome).toMatchObject({ status: 200, bodyTruncated })
    expect(length(outcome)).toBe(16_384)
  })

  it('that hangs is given until the deadline, then the status counts', async () => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => void socket.write(`${HEAD}3\r\nabc\r\n`),
      ),
    )
    const { outcome, took } = await timed(server.port, 300)
    expect(outcome).toMatchObject({ status: 200, body: Buffer.from('abc'), bodyTruncated: true })
    expectAround(took, 300)
    await eventually(() => server.open() === 0, 'the connection is dropped')
  })

  it('that drips is given two seconds at most, however long the deadline is', async () => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => {
          socket.write('HTTP/1.1 500 Oops\r\n\r\n')
          drip(socket, 'z')
        },
      ),
    )
    const { outcome, took } = await timed(server.port, 30_000)
    expect(outcome).toMatchObject({ status: 500, bodyTruncated: true })
    expectAround(took, 2_000)
  })

  it.each([
    ['reset', (socket: Socket) => void socket.resetAndDestroy()],
    ['closed early', (socket: Socket) => void socket.end()],
  ])('that is %s leaves the status standing', async (_name, end) => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => {
          socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\nabc', () =>
            setTimeout(end, 20, socket),
          )
        },
      ),
    )
    const { outcome } = await timed(server.port, 5_000)
    expect(outcome).toMatchObject({ status: 202, body: Buffer.from('abc'), bodyTruncated: true })
  })

  it('that ends with its connection is whole', async () => {
    const server = using(
      await startRaw(
        () => {},
        (socket) => void socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it'),
      ),
    )
    const { outcome } = await timed(server.port, 5_000)
    expect(outcome).toMatchObject({ status: 200, body: Buffer.from('all of it'), bodyTruncated: false })
  })
})

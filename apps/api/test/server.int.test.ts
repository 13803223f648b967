import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'
import express from 'express'
import { once } from 'node:events'
import { connect, type Server } from 'node:net'
import { startServer, type RunningServer, type ServerOptions } from '../src/server.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** `/` answers at once, `/held` when told to, `/large` with more than a socket takes. */
async function start(lameDuckMs: number, options: Partial<ServerOptions> = {}) {
  const app = express()
  let release = () => {}
  let held = 0
  const released = new Promise<void>((resolve) => (release = resolve))
  app.get('/connections', (request, response) => {
    const { server: of } = request.socket as unknown as { server: Server }
    of.getConnections((_error, count) => response.end(`${count}`))
  })
  app.get('/', (_request, response) => void response.end('here'))
  app.get('/held', (_request, response) => {
    held += 1
    void released.then(() => response.end('held'))
  })
  app.get('/large', (_request, response) => void response.end(Buffer.alloc(large, 'x')))
  const server = await startServer(app, { host: '127.0.0.1', port: 0, lameDuckMs, ...options })
  ends.push(() => server.close())
  return { server, release, held: () => held }
}
const large = 32 * 1_048_576

function dial({ url }: RunningServer) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  ends.push(async () => socket.destroy())
  let text = ''
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  const ask = async (path: string) => {
    text = ''
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await eventually(() => text.includes('\r\n\r\n'))
    return text
  }
  return { socket, ask, text: () => text, ended: once(socket, 'close') }
}
/** How many there are beside the one that asks. */
const connections = async ({ url }: RunningServer) => {
  const answer = await fetch(`${url}/connections`, { headers: { connection: 'close' } })
  return Number(await answer.text()) - 1
}
const refused = ({ url }: RunningServer) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(false)))
    socket.once('error', () => resolve(true))
  })

describe('a client that reads nothing', () => {
  it('is cut off after a while, and whoever waits for an answer is not', async () => {
    const { server, release, held } = await start(0, { stalledMs: 200 })
    const [stalled, waiting] = [dial(server), dial(server)]
    waiting.socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => held() === 1)
    await stalled.ask('/large')
    stalled.socket.pause()
    // Nobody but the server ends it: what it sends into nothing stays where it is.
    await eventually(async () => (await connections(server)) === 1)
    release()
    await eventually(() => waiting.text().endsWith('held'))
  })

  it('keeps no server from closing', async () => {
    const { server } = await start(0, { stalledWhileClosingMs: 200 })
    const [stalled, idle] = [dial(server), dial(server)]
    await idle.ask('/')
    await stalled.ask('/large')
    stalled.socket.pause()
    await server.close()
    expect(await refused(server)).toBe(true)
  })
})

describe('a connection that cannot be taken', () => {
  it('is told of, and the next one is served', async () => {
    const told: Error[] = []
    let listening: Server | undefined
    const app = express().get('/', (request, response) => {
      listening = (request.socket as unknown as { server: Server }).server
      response.end('here')
    })
    const server = await startServer(app, {
      host: '127.0.0.1',
      port: 0,
      onError: (error) => told.push(error),
    })
    ends.push(() => server.close())
    await dial(server).ask('/')
    // What Node does when accept(2) fails.
    const lack = Object.assign(new Error('accept ENFILE'), { code: 'ENFILE' })
    listening?.emit('error', lack)
    expect(told).toEqual([lack])
    expect(await dial(server).ask('/')).toMatch(/^HTTP.1.1 200/)
  })
})

describe('a server that closes', () => {
  it('serves whoever comes during the lame-duck time, with Connection: close', async () => {
    const { server } = await start(5_000)
    const kept = dial(server)
    expect(await kept.ask('/')).toMatch(/connection: keep-alive/i)
    const closing = server.close()
    const late = dial(server)
    for (const one of [kept, late]) {
      expect(await one.ask('/')).toMatch(/connection: close/i)
      await one.ended
    }
    expect(await refused(server)).toBe(false)
    await closing
    expect(await refused(server)).toBe(true)
  })

  it('takes nobody new after that time, and waits for the answers under way', async () => {
    const { server, release, held } = await start(50)
    const [idle, waiting] = [dial(server), dial(server)]
    await idle.ask('/')
    waiting.socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => held() === 1)
    let closed = false
    const closing = server.close().then(() => (closed = true))
    await eventually(() => refused(server))
    await idle.ended
    expect(closed).toBe(false)
    release()
    await Promise.all([closing, waiting.ended])
    expect(waiting.text()).toMatch(/connection: close[\s\S]*held$/i)
  })

  it('lets a slow reader have the whole of its answer', async () => {
    const { server } = await start(0)
    const slow = dial(server)
    await slow.ask('/large')
    slow.socket.pause()
    const closing = server.close()
    await eventually(() => refused(server))
    slow.socket.resume()
    await closing
    await slow.ended
    expect(slow.text().length).toBeGreaterThan(large)
  })
})

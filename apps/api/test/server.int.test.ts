import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'
import express from 'express'
import { once } from 'node:events'
import { connect } from 'node:net'
import { startServer, type RunningServer } from '../src/server.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** `/` answers at once, `/held` when told to, `/large` with more than a socket takes. */
async function start(lameDuckMs: number) {
  const app = express()
  let release = () => {}
  let held = 0
  const released = new Promise<void>((resolve) => (release = resolve))
  app.get('/', (_request, response) => void response.end('here'))
  app.get('/held', (_request, response) => {
    held += 1
    void released.then(() => response.end('held'))
  })
  app.get('/large', (_request, response) => void response.end(Buffer.alloc(large, 'x')))
  const server = await startServer(app, { host: '127.0.0.1', port: 0, lameDuckMs })
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
const refused = ({ url }: RunningServer) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(false)))
    socket.once('error', () => resolve(true))
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

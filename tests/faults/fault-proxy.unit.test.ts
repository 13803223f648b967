import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'
import { startFaultProxy, type FaultProxy } from './support/fault-proxy.ts'
import { startProxyControl } from './support/start-proxy-control.ts'

describe('startFaultProxy', () => {
  const cleanUp: (() => unknown)[] = []
  let proxy: FaultProxy
  let heard = ''

  beforeEach(async () => {
    heard = ''
    const server = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (data) => {
          heard += data.toString()
          socket.write(data)
        })
      cleanUp.push(() => socket.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    proxy = await startFaultProxy()
    proxy.route(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
    cleanUp.push(
      () => server.close(),
      () => proxy.close(),
    )
  })
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step()
  })

  /** A client whose echo is kept in `echo`. */
  async function dial(): Promise<{ socket: Socket; echo: () => string; ended: () => string | undefined }> {
    const state = { echo: '', ended: undefined as string | undefined }
    const socket = connect(proxy.port, '127.0.0.1')
    socket.on('data', (data) => (state.echo += data.toString()))
    socket.on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code))
    socket.on('close', () => (state.ended ??= 'closed'))
    cleanUp.push(() => socket.destroy())
    await once(socket, 'connect')
    return { socket, echo: () => state.echo, ended: () => state.ended }
  }

  it('passes everything both ways while nothing is set', async () => {
    const { socket, echo } = await dial()
    socket.write('hello')
    expect(await eventually(() => echo() === 'hello')).toBe(true)
  })

  it('is told by HTTP what to do, and says what it does not know', async () => {
    const control = await startProxyControl(proxy)
    cleanUp.push(() => control.close())
    const tell = async (path: string, body: unknown) =>
      (await fetch(`${control.url}${path}`, { method: 'POST', body: JSON.stringify(body) })).status
    const { socket, echo, ended } = await dial()
    expect(await tell('/set', { slice: 1, latencyMs: 5 })).toBe(200)
    socket.write('abc')
    expect(await eventually(() => echo() === 'abc')).toBe(true)
    expect(await tell('/set', { latency: 5 })).toBe(400)
    expect(await tell('/melt', {})).toBe(404)
    expect(await tell('/cut-on-match', { text: 'xyz' })).toBe(200)
    socket.write('xyz')
    expect(await eventually(ended)).toBe('ECONNRESET')
    await eventually(() => proxy.connections() === 0)
    expect(await (await fetch(control.url)).json()).toEqual({ port: proxy.port, connections: 0, cuts: 1 })
  })

  it('passes in slices, late, without changing a byte', async () => {
    proxy.set({ slice: 2, latencyMs: 20 })
    const { socket, echo } = await dial()
    socket.write('abcdefg')
    expect(await eventually(() => echo() === 'abcdefg')).toBe(true)
  })

  it('refuses and breaks connections while it is down', async () => {
    const { ended } = await dial()
    proxy.set({ down: true })
    expect(await eventually(ended)).toBe('ECONNRESET')
  })

  it('breaks the connection before the bytes that match are passed on', async () => {
    const { socket, ended } = await dial()
    const cut = proxy.cutOnMatch('COMMIT')
    socket.write('BEGIN')
    await eventually(() => heard === 'BEGIN')
    socket.write('COMMIT')
    await cut
    expect(await eventually(ended)).toBe('ECONNRESET')
    expect(heard).toBe('BEGIN')
  })

  it('breaks it after them when told to, also when they come in two pieces', async () => {
    const { socket, ended } = await dial()
    const cut = proxy.cutOnMatch('COMMIT', { when: 'after' })
    socket.write('COM')
    await eventually(() => heard === 'COM')
    socket.write('MIT')
    await cut
    await eventually(ended)
    expect(heard).toBe('COMMIT')
  })

  it('holds what matches until it is released', async () => {
    const { socket, echo } = await dial()
    const hold = proxy.holdOnMatch('wait')
    socket.write('wait for it')
    await hold.held
    expect(heard).toBe('')
    hold.release()
    expect(await eventually(() => echo() === 'wait for it')).toBe(true)
  })

  it('falls silent on old connections only', async () => {
    const old = await dial()
    proxy.forget()
    old.socket.write('old')
    const fresh = await dial()
    fresh.socket.write('new')
    await eventually(() => fresh.echo() === 'new')
    await pause(20)
    expect({ heard, ended: old.ended() }).toEqual({ heard: 'new', ended: undefined })
  })

  it('breaks a connection after so many bytes', async () => {
    const { socket, ended } = await dial()
    proxy.cutAfterBytes(4)
    socket.write('12345')
    expect(await eventually(ended)).toBe('ECONNRESET')
  })
})

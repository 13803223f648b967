import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { FaultProxy } from './fault-proxy.ts'

const direction = z.enum(['up', 'down'])
const faults = z
  .strictObject({
    latencyMs: z.number().positive(),
    rate: z.number().positive(),
    slice: z.int().positive(),
    down: z.boolean(),
    blackhole: z.boolean(),
  })
  .partial()

/** What each path does with the JSON body of a POST. */
const commands: Record<string, (proxy: FaultProxy, body: unknown) => void> = {
  '/set': (proxy, body) => {
    // A field that is absent is as it should be, and none is undefined in JSON.
    proxy.set(faults.parse(body) as Parameters<FaultProxy['set']>[0])
  },
  '/reset': (proxy) => proxy.reset(),
  '/forget': (proxy) => proxy.forget(),
  '/half-close': (proxy, body) => proxy.halfClose(z.strictObject({ direction }).parse(body).direction),
  '/cut-after-bytes': (proxy, body) =>
    proxy.cutAfterBytes(z.strictObject({ bytes: z.int().positive() }).parse(body).bytes),
  '/cut-on-match': (proxy, body) => {
    const when = z.enum(['before', 'after']).default('before')
    const wanted = z.strictObject({ text: z.string().min(1), direction: direction.default('up'), when })
    const { text, ...options } = wanted.parse(body)
    void proxy.cutOnMatch(text, options)
  },
}

export type ProxyControl = { url: string; close(): Promise<void> }

/** Lets a proxy be told by HTTP, on loopback: `POST /set {"latencyMs":200}`, `POST /set {}` heals it, `GET /` counts. */
export async function startProxyControl(proxy: FaultProxy, port = 0): Promise<ProxyControl> {
  const server = createServer((request, response) => {
    void answer(proxy, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(`${JSON.stringify(body)}\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Reply = { status: number; body: unknown }

async function answer(proxy: FaultProxy, request: IncomingMessage): Promise<Reply> {
  const { method, url = '/' } = request
  if (method === 'GET' && url === '/')
    return { status: 200, body: { port: proxy.port, connections: proxy.connections(), cuts: proxy.cuts() } }
  const command = commands[url]
  if (method !== 'POST' || !command)
    return { status: 404, body: { error: `GET / or POST one of ${Object.keys(commands).join(', ')}` } }
  try {
    const text = (await request.toArray()).join('')
    command(proxy, text === '' ? {} : JSON.parse(text))
    return { status: 200, body: { done: true } }
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } }
  }
}

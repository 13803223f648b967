/** Many subscribers in a process of their own: each answers 200 at once, or never, and what came when is remembered. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readMark } from './make-trigger.ts'
import { serveCommands, sharedNow } from './serve-commands.ts'

/** One entry a request, in the order they came. */
export type Arrivals = { subscriber: Int32Array; mark: Int32Array; at: Float64Array; ids: string[] }

const subscriber: number[] = []
const marks: number[] = []
const times: number[] = []
const ids: string[] = []
const watchers = new Set<() => void>()
let hanging: ReadonlySet<number> = new Set()
let answered = 0

/** Subscriber n listens at `/n`. */
function take(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const who = Number(request.url?.slice(1))
    subscriber.push(who)
    times.push(sharedNow())
    marks.push(readMark(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    ids.push(String(request.headers['webhook-id']))
    if (hanging.has(who)) return
    answered += 1
    response.writeHead(200, ['Content-Length', '0'])
    response.end()
    for (const watch of watchers) watch()
  })
}

/** Opens so many origins. */
const listen = (origins: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: origins }, async () => {
      const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, take)
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve)
      })
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }),
  )

/** Whether so many requests in all have been answered, within `timeoutMs`. */
function waitFor({ count, timeoutMs }: { count: number; timeoutMs: number }) {
  return new Promise<boolean>((resolve) => {
    const finish = (result: boolean) => {
      clearTimeout(timer)
      watchers.delete(look)
      resolve(result)
    }
    const look = () => answered >= count && finish(true)
    const timer = setTimeout(() => finish(false), timeoutMs)
    watchers.add(look)
    look()
  })
}

serveCommands({
  listen,
  /** From now on these do not answer. */
  hang: (subscribers: number[]) => {
    hanging = new Set(subscribers)
  },
  'wait-for': waitFor,
  arrivals: (): Arrivals => ({
    subscriber: Int32Array.from(subscriber),
    mark: Int32Array.from(marks),
    at: Float64Array.from(times),
    ids,
  }),
})

/** The subscriber: a process of its own that answers 200 at once and remembers what came when. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readMark } from './make-trigger.ts'
import { serveCommands, sharedNow } from './serve-commands.ts'

/** Of one path: every request's `webhook-id`, and for every mark in a body when it came first. */
type Inbox = { ids: string[]; arrivedAt: Map<number, number>; watchers: Set<() => void> }

const inboxes = new Map<string, Inbox>()

function inboxOf(path: string): Inbox {
  const known = inboxes.get(path)
  if (known) return known
  const made: Inbox = { ids: [], arrivedAt: new Map(), watchers: new Set() }
  inboxes.set(path, made)
  return made
}

function take(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const at = sharedNow()
    const inbox = inboxOf(request.url ?? '/')
    const mark = readMark(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    inbox.ids.push(String(request.headers['webhook-id']))
    if (!inbox.arrivedAt.has(mark)) inbox.arrivedAt.set(mark, at)
    response.writeHead(200, ['Content-Length', '0'])
    response.end()
    for (const watch of inbox.watchers) watch()
  })
}

async function listen(): Promise<{ url: string }> {
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, take)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Whether `count` different ones have come on the path within `timeoutMs`. */
function waitFor({ path, count, timeoutMs }: { path: string; count: number; timeoutMs: number }) {
  const inbox = inboxOf(path)
  return new Promise<boolean>((resolve) => {
    const finish = (result: boolean) => {
      clearTimeout(timer)
      inbox.watchers.delete(look)
      resolve(result)
    }
    const look = () => inbox.arrivedAt.size >= count && finish(true)
    const timer = setTimeout(() => finish(false), timeoutMs)
    inbox.watchers.add(look)
    look()
  })
}

serveCommands({
  listen,
  'wait-for': waitFor,
  /** When the marks `from` … `from + count - 1` came; NaN for one that did not. */
  arrivals: ({ path, from, count }: { path: string; from: number; count: number }) =>
    Float64Array.from({ length: count }, (_, i) => inboxOf(path).arrivedAt.get(from + i) ?? Number.NaN),
  ids: (path: string) => inboxOf(path).ids,
})

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const usable = /^[\w.:~-]{1,128}$/
const ids = new WeakMap<IncomingMessage, string>()

/** The caller's X-Request-Id if it can be echoed safely, else a new one; the same for the whole request. */
export function requestId(request: IncomingMessage): string {
  let id = ids.get(request)
  if (id === undefined) {
    const given = request.headers['x-request-id']
    id = typeof given === 'string' && usable.test(given) ? given : randomUUID()
    ids.set(request, id)
  }
  return id
}

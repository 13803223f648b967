import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import type { Intent } from './fault-client.ts'

/** One call, for C8. */
export type Call = {
  status: number
  ms: number
  at: number
  retryAfter: boolean
  problem: boolean
  error?: string
}

/**
 * `fetch` and `single` know nothing of readiness: they take the first api that listens, over kept connections or with one
 * for each call. `balanced` is a load balancer's side of it: kept connections, and only to apis whose readiness is good.
 * All of them try the next api when a connection is refused.
 */
export type ClientKind = 'fetch' | 'balanced' | 'single'

/** Where apis are: all that run, and those of them that said they are ready when asked last. */
export type Urls = { listening(): readonly string[]; ready(): readonly string[] }

/** How long a call may take before the client calls it hung; far beyond what the api promises. */
const hungMs = 15_000

const kept = new Agent({ keepAlive: true })

type Answer = { status: number; retryAfter: string; contentType: string; text: string }
type Send = (url: string, headers: Record<string, string>, body: string) => Promise<Answer>

const ways: Record<ClientKind, Send> = {
  fetch: fetched,
  balanced: (url, headers, body) => requested(kept, url, headers, body),
  single: (url, headers, body) => requested(false, url, headers, body),
}

/** One call, to its end; `id` is that of the trigger that was accepted. */
export async function callOnce(
  urls: Urls,
  token: string,
  { key, body }: Intent,
  as: ClientKind,
): Promise<{ call: Call; id: string | undefined }> {
  const startedAt = performance.now()
  const at = Date.now()
  const end = (status: number, more: Partial<Call> = {}): Call => {
    return { status, ms: performance.now() - startedAt, at, retryAfter: false, problem: false, ...more }
  }
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  }
  let error = 'no url'
  for (const url of as === 'balanced' ? urls.ready() : urls.listening()) {
    try {
      const answer = await ways[as](`${url}/v1/triggers`, headers, body)
      const call = end(answer.status, {
        retryAfter: /^\d+$/.test(answer.retryAfter),
        problem: answer.contentType.startsWith('application/problem+json'),
      })
      return { call, id: answer.status === 202 ? (JSON.parse(answer.text) as { id: string }).id : undefined }
    } catch (failure) {
      error = codeOf(failure)
      if (error !== 'ECONNREFUSED') break
    }
  }
  return { call: end(0, { error }), id: undefined }
}

async function fetched(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
  const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(hungMs) })
  const header = (name: string) => answer.headers.get(name) ?? ''
  const [retryAfter, contentType] = [header('retry-after'), header('content-type')]
  return { status: answer.status, retryAfter, contentType, text: await answer.text() }
}

async function requested(
  agent: Agent | false,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<Answer> {
  const call = request(url, { method: 'POST', agent, headers, signal: AbortSignal.timeout(hungMs) })
  call.end(body)
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  return {
    status: answer.statusCode ?? 0,
    retryAfter: answer.headers['retry-after'] ?? '',
    contentType: answer.headers['content-type'] ?? '',
    text: await readText(answer),
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // What ended the call, or what the failure itself says.
  const { cause = error } = error
  if (cause instanceof DOMException) return cause.name
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
}

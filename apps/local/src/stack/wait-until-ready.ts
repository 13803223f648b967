import { setTimeout as delay } from 'node:timers/promises'
import type { HttpClient } from '../api/create-api-client.ts'

const everyMs = 100
const timeoutMs = 60_000

/** Polls `<url>/readyz` until it answers 200. Rejects after a minute with the last answer, and when `signal` aborts. */
export async function waitUntilReady(
  http: HttpClient,
  name: string,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    signal.throwIfAborted()
    const answer = await ask(http, url)
    if (answer === 'ready') return
    if (performance.now() > giveUpAt)
      throw new Error(`${name} is not ready after ${timeoutMs / 1_000} s: ${answer}`)
    await delay(everyMs, undefined, { signal })
  }
}

async function ask(http: HttpClient, url: string): Promise<string> {
  try {
    const { statusCode, body } = await http.get(`${url}/readyz`, { timeout: { request: 3_000 } })
    return statusCode === 200 ? 'ready' : `${statusCode} ${body}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

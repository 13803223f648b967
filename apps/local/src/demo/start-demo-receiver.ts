import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Arrival, ArrivalLog } from './arrival-log.ts'
import { chooseAnswer } from './choose-answer.ts'
import { demoSubscribers } from './demo-subscribers.ts'
import { describeBody } from './describe-body.ts'
import type { SecretsByPath } from './load-demo.ts'
import { verifyArrival } from './verify-arrival.ts'

export type DemoReceiver = { url: string; useSecrets(secrets: SecretsByPath): void; close(): Promise<void> }

type Options = {
  port: number
  /** Every subscriber answers 200 at once, whatever its temper. */
  calm: boolean
  log: ArrivalLog
  onArrival: (arrival: Arrival) => void
}
type Deps = Options & { secrets: { current: SecretsByPath } }

/** The subscribers of the demo: one path each on one server of this machine, which verifies every signature. */
export async function startDemoReceiver(options: Options): Promise<DemoReceiver> {
  const { port } = options
  const deps: Deps = { ...options, secrets: { current: new Map() } }
  const server = createServer((request, response) => {
    // A sender that hangs up has nothing to be told.
    receive(deps, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${port}`,
    useSecrets: (secrets) => {
      deps.secrets.current = secrets
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function receive(deps: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const at = Date.now()
  const path = (request.url ?? '').split('?')[0] ?? ''
  const body = await text(request)
  const subscriber = demoSubscribers.find((one) => one.path === path)
  if (!subscriber || request.method !== 'POST') return void response.writeHead(404).end()

  const signed = verifyArrival(body, request.headers, deps.secrets.current.get(path) ?? [])
  const deliveryId = String(request.headers['webhook-id'] ?? '')
  const { delivery, attempt } = deps.log.count(subscriber.key, deliveryId, at)
  const answer = signed
    ? chooseAnswer(deps.calm ? 'steady' : subscriber.temper, delivery, attempt)
    : { status: 401, delayMs: 0 }
  if (answer.delayMs > 0) await delay(answer.delayMs)
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ received: answer.status < 300 }))
  const { event, about } = describeBody(body)
  deps.onArrival({
    at,
    subscriber: subscriber.name,
    event,
    about,
    deliveryId,
    attempt,
    signed,
    answer: answer.status,
    delayMs: answer.delayMs,
  })
}

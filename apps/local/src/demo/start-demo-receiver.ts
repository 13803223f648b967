import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { IssuedCertificate } from '@waybill/certificates'
import type { Arrival, ArrivalLog } from './arrival-log.ts'
import { chooseAnswer } from './choose-answer.ts'
import { demoSubscribers, type DemoSubscriber } from './demo-subscribers.ts'
import { describeBody } from './describe-body.ts'
import type { SecretsByPath } from './load-demo.ts'
import { nameDelivery } from './name-delivery.ts'
import { verifyArrival } from './verify-arrival.ts'

/** `secureUrl` is the same receiver by HTTPS. */
export type DemoReceiver = { url: string; secureUrl: string; close(): Promise<void> }

type Options = {
  port: number
  securePort: number
  tls: IssuedCertificate
  /** Every subscriber answers 200 at once, whatever its temper. */
  calm: boolean
  log: ArrivalLog
  readSecrets: () => Promise<SecretsByPath>
  onArrival: (arrival: Arrival) => void
}
type Deps = Omit<Options, 'port' | 'securePort' | 'tls'> & { secrets: { known: SecretsByPath } }

/** The subscribers of the demo: one path each on one server of this machine, which verifies every signature. */
export async function startDemoReceiver(options: Options): Promise<DemoReceiver> {
  const { port, securePort, tls, ...others } = options
  const deps: Deps = { ...others, secrets: { known: new Map() } }
  const listener: RequestListener = (request, response) => {
    // A sender that hangs up has nothing to be told.
    receive(deps, request, response).catch(() => response.destroy())
  }
  const plain = createServer(listener)
  const secure = createSecureServer(tls, listener)
  await listen(plain, port)
  await listen(secure, securePort)
  return {
    url: `http://127.0.0.1:${port}`,
    secureUrl: `https://127.0.0.1:${securePort}`,
    close: async () => {
      await Promise.all(
        [plain, secure].map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve())
              server.closeAllConnections()
            }),
        ),
      )
    },
  }
}

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })

async function receive(deps: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const at = Date.now()
  const path = (request.url ?? '').split('?')[0] ?? ''
  const body = await text(request)
  const subscriber = demoSubscribers.find((one) => one.path === path)
  if (!subscriber || request.method !== 'POST') return void response.writeHead(404).end()

  const signed = await isSigned(deps, subscriber, request, body)
  const deliveryId = nameDelivery(subscriber.profile, body, request.headers)
  const { delivery, attempt } = deps.log.count(subscriber.key, deliveryId, at, signed)
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

/** A signature that is not good may be that of a secret which was made since. */
async function isSigned(
  { secrets, readSecrets }: Deps,
  { profile, path }: DemoSubscriber,
  { headers }: IncomingMessage,
  body: string,
): Promise<boolean> {
  const verify = () => verifyArrival(profile, body, headers, secrets.known.get(path) ?? [])
  if (verify()) return true
  secrets.known = await readSecrets()
  return verify()
}

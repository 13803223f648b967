// The receiver as a process of its own, which no scenario kills. RECEIVER_LEDGER names its ledger.
import { createHash, createHmac } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { answerFaulty } from './answer-faulty.ts'
import { seededRandom } from './seeded-random.ts'
import type { FaultAnswer, ReceivedLine, ReceiverProgram } from './receiver-types.ts'

const ledger = process.env['RECEIVER_LEDGER'] ?? ''
const defaultSecret = process.env['RECEIVER_SECRET'] ?? ''
const random = seededRandom(Number(process.env['RECEIVER_SEED'] ?? 1))
const seen = new Map<string, number>()
const state = { program: { rules: [] } as ReceiverProgram, requests: 0 }

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function decide(path: string, n: number): FaultAnswer {
  const rule = state.program.rules.find(
    (one) =>
      (one.path === undefined || one.path === path) &&
      (one.begins === undefined || path.startsWith(one.begins)) &&
      (one.first === undefined || n <= one.first) &&
      (one.chance === undefined || random() < one.chance),
  )
  return rule?.answer ?? {}
}

function isSigned(path: string, body: Buffer, headers: IncomingMessage['headers']): boolean {
  const secret = state.program.secrets?.[path] ?? defaultSecret
  const authenticity = headers['x-pco-webhooks-authenticity']
  if (authenticity !== undefined)
    return authenticity === createHmac('sha256', secret).update(body).digest('hex')
  try {
    const webhook = new Webhook(secret)
    webhook.verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

const orderOf = (body: Buffer): string => /"order_id":"([^"]*)"/.exec(body.toString('utf8'))?.[1] ?? ''
const unanswered = new Set<FaultAnswer['mode']>([
  'hang',
  'reset',
  'close',
  'half-close',
  'informational-flood',
])

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? ''
  const body = await readBody(request)
  const { headers } = request
  const id = String(headers['webhook-id'] ?? headers['x-pco-webhooks-event'] ?? '')
  const n = (seen.get(id) ?? 0) + 1
  seen.set(id, n)
  state.requests += 1
  const answer = decide(path, n)
  const line: ReceivedLine = {
    at: Date.now(),
    mono: Math.round(performance.now()),
    id,
    path,
    n,
    hash: createHash('sha256').update(body).digest('hex'),
    signatures: String(headers['webhook-signature'] ?? '')
      .split(' ')
      .filter(Boolean).length,
    signed: isSigned(path, body, headers),
    timestamp: Number(headers['webhook-timestamp']),
    status: unanswered.has(answer.mode) ? 0 : (answer.status ?? 200),
    order: orderOf(body),
  }
  appendFileSync(ledger, `${JSON.stringify(line)}\n`)
  await answerFaulty(response, answer)
}

async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'PUT')
    state.program = JSON.parse((await readBody(request)).toString()) as ReceiverProgram
  response.end(JSON.stringify({ requests: state.requests }))
}

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
  const work = request.url === '/_control' ? control(request, response) : receive(request, response)
  // A sender that is killed while it is read is what these tests are about.
  work.catch(() => response.destroy())
})
server.listen({ port: Number(process.env['RECEIVER_PORT'] ?? 0), host: '127.0.0.1', backlog: 2_048 }, () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`)
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Agent, request, type IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import supertest from 'supertest'
import { createApp } from '../src/app.ts'
import { knownBodies } from './support/documented-fields.ts'
import {
  hostileCalls,
  oneOddEach,
  type HostileCall,
  type HostileRoute,
  type Known,
} from './support/hostile-calls.ts'
import { hook, startPlanningCenter, type PlanningCenter } from './support/planning-center.ts'
import { planomaticSubs } from './support/planomatic-subs.ts'
import { ours } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

const seed = 20_250_309
const callsOfRoute = 15
const atOnce = 8
const agent = new Agent({ keepAlive: true })

let pco: PlanningCenter
let known: Omit<Known, 'query'>
let routes: HostileRoute[]

beforeAll(async () => {
  pco = await startPlanningCenter()
  const { api } = pco
  const bearer = (path: string, body: object) =>
    supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).send(body)
  const subscription = await pco.subscribe()
  const event = await pco.seed(subscription, 'failed')
  const native = await bearer('/v1/subscriptions', { name: 'a', url: hook, integration_id: ours })
  const webhook = await bearer('/api/v2/public/webhooks/facility', { url: hook, events: ['all'] })
  const posted = await bearer('/v1/triggers', trigger())
  const outSub = await planomaticSubs(api).create({ key: 'k' })
  const ids = {
    ':subscription': [String(subscription)],
    ':event': [String(event)],
    ':webhookId': [String(webhook.body.data?.id ?? webhook.body.id)],
    '/v1/subscriptions/:id :id': [native.body.id],
    '/v1/triggers/:id :id': [posted.body.id],
    ':id': [api.deps.publicIds.encode('delivery', event)],
  }
  known = { ids, bodies: knownBodies(api.tokens.ours, outSub.id) }
  routes = routesOf(pco)
})
afterAll(async () => {
  agent.destroy()
  await pco.api.close()
})

/** What Express was given, and so every route there will ever be; what has every method only says which it has not. */
function routesOf({ api }: PlanningCenter): HostileRoute[] {
  const found = createApp(api.deps).router.stack.flatMap(({ route }) => {
    const methods = new Set(route?.stack.map(({ method }) => method))
    const [method] = methods
    const paths: string[] = [route?.path ?? []].flat()
    return methods.size === 1 && method ? paths.map((path) => ({ method: method.toUpperCase(), path })) : []
  })
  // What other routes ask about is deleted last.
  return found.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))
}

async function send({ method, url, body, type }: HostileCall): Promise<IncomingMessage & { text: string }> {
  const { api } = pco
  const sensitive = type === 'text/plain' && body !== undefined && url.includes('sessions')
  const sent = sensitive ? Buffer.from(body).toString('base64') : body
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(api.url, {
      method,
      agent,
      path: url,
      timeout: 5_000,
      headers: {
        authorization: `Bearer ${api.tokens.ours}`,
        ...(sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) }),
        ...(type === '' ? {} : { 'content-type': type }),
      },
    })
    call.on('response', resolve).on('error', reject)
    call.on('timeout', () => call.destroy(new Error('no answer')))
    call.end(sent)
  })
  return Object.assign(answer, { text: await readText(answer) })
}

/** What is wrong with the answer, if anything is. What a busy host could not do in time may be asked once more. */
async function defectOf(call: HostileCall): Promise<string | undefined> {
  const answer = await send(call)
  const { statusCode = 0, text } = answer.statusCode === 503 ? await send(call) : answer
  const isJson = text === '' || text.startsWith('{')
  return statusCode >= 200 && statusCode < 500 && isJson
    ? undefined
    : `${statusCode} ${text} to ${JSON.stringify(call).slice(0, 500)}`
}

const errorsLogged = () => pco.api.log.filter((line) => line.includes('"level":"error"'))

const knownOf = ({ path }: HostileRoute): Known => ({
  ...known,
  query: path.startsWith('/api/v1/') ? `token=${pco.api.tokens.ours}&integration_id=${ours}` : '',
})

describe('hostile input', () => {
  it('in one field or parameter never makes an error of ours', async () => {
    const calls = routes.flatMap((route) => oneOddEach(route, knownOf(route)))
    expect(calls.length).toBeGreaterThan(3_000)
    const left = calls.values()
    const defects: string[] = []
    const sendOn = async () => {
      for (const call of left) {
        const defect = await defectOf(call)
        if (defect !== undefined) defects.push(defect)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, sendOn))
    expect([defects, errorsLogged()]).toEqual([[], []])
  })

  it('of any other kind never makes an error of ours', async () => {
    expect(routes.length).toBeGreaterThan(35)
    for (const route of routes)
      await fc.assert(
        fc.asyncProperty(hostileCalls(route, knownOf(route)), async (call) => {
          const defect = await defectOf(call)
          if (defect !== undefined) throw new Error(defect)
        }),
        { seed, numRuns: callsOfRoute },
      )
    expect(errorsLogged()).toEqual([])
  })
})

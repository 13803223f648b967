import { createToken, putIntegration } from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import { subscribeReceiver } from '../../support/subscribe-receiver.ts'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { percentile } from '../support/checks/check-calls.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const flooder = asIntegrationId(13)
const floodMs = 10_000
/** As fast as they are answered: `connections` callers, each with `perCall` triggers in a call. */
const shapes = [
  { name: 'batch calls of 500', connections: 1, perCall: 500 },
  { name: 'single posts', connections: 64, perCall: 1 },
]
type Shape = (typeof shapes)[number]

/** Another integration floods, by batch calls and then by single posts, as fast as they are answered. */
export const scenario: Scenario = {
  id: 'F61',
  title: 'one integration floods',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const token = await addFlooder(stack)
    const load = startLoad(stack, { rate: 20 })
    const startedAt = Date.now()
    await lasts(5_000)
    const windows = [{ name: 'alone', from: startedAt, to: Date.now(), flooded: 0 }]
    for (const shape of shapes) {
      const from = Date.now()
      const flooded = await flood(stack, token, shape)
      windows.push({ name: shape.name, from, to: from + floodMs, flooded })
    }
    await load.stop()
    const finding = await judge(stack, { timeoutMs: 240_000 })
    const p99s = await p99OfOthers(stack, windows)
    const [before = Number.NaN] = p99s
    for (const [i, { name, flooded }] of windows.entries()) {
      const p99 = p99s[i] ?? Number.NaN
      finding.notes.push(`${name}: p99 of the others ${Math.round(p99)} ms, ${flooded} flooded`)
      mustHold(finding, p99 <= before * 2 + 50, `I6 p99 of the others rose from ${before} to ${p99} ms`)
    }
    return finding
  },
}

async function addFlooder(stack: FaultStack): Promise<string> {
  const { orm } = stack.database
  await putIntegration(orm, flooder, 'Flooder')
  const url = `${stack.receiver.url}/flood`
  await subscribeReceiver(stack.database, 'faults', url, { integration: flooder, inFlightLimit: 20 })
  return (await createToken(orm, 'flood', [flooder])).token
}

/** Floods for as long as the window, and returns how many triggers were accepted. */
async function flood(stack: FaultStack, token: string, { connections, perCall }: Shape): Promise<number> {
  const until = Date.now() + floodMs
  const most = 15_000
  let flooded = 0
  let serial = 0
  const call = async () => {
    const triggers = Array.from({ length: perCall }, () => floodTrigger(`flood-${(serial += 1)}`))
    const answer = await fetch(`${stack.apis()[0]?.url}/v1/triggers${perCall > 1 ? '/batch' : ''}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(perCall > 1 ? { triggers } : triggers[0]),
    })
    const text = await answer.text()
    if (answer.status === 202) flooded += perCall
    else if (answer.status !== 429 && answer.status !== 503) throw new Error(text)
    else await lasts(Number(answer.headers.get('retry-after') ?? 1) * 1_000)
  }
  const caller = async () => {
    while (Date.now() < until && flooded < most) await call()
  }
  await Promise.all(Array.from({ length: connections }, caller))
  await lasts(Math.max(0, until - Date.now()))
  return flooded
}

type Window = { from: number; to: number }

/** Of first attempts that arrived in each window, from their acceptance on. */
async function p99OfOthers(stack: FaultStack, windows: readonly Window[]): Promise<number[]> {
  const { deliveries, received } = await readLedgers(stack)
  const made = new Map(deliveries.map(({ uuid, acceptedAtMs }) => [uuid, acceptedAtMs]))
  const others = received.filter(({ path, n }) => path !== '/flood' && n === 1)
  return windows.map(({ from, to }) =>
    percentile(
      others.filter(({ at }) => at >= from && at < to).map(({ id, at }) => at - (made.get(id) ?? at)),
      0.99,
    ),
  )
}

const floodTrigger = (order: string) => ({
  integration_id: flooder,
  kind: 'order_status',
  name: 'scheduled',
  order_id: order,
  occurred_at: '2026-03-02T15:04:05Z',
  order: { property_info: { address: { street: `${order} Elm Rd`, city: 'Boulder' } } },
})

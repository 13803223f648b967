import { profiles, scaleSchedule } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import type { FaultStack, Subscribed } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import type { ReceivedLine } from '../support/receiver-types.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const asks = (status: number, seconds: number) => ({ status, headers: { 'retry-after': String(seconds) } })
const askedSeconds = 3
/** Longer than anybody is made to wait. */
const farSeconds = 10_000
const capMs = scaleSchedule(profiles.standard, 0.02).retryAfterCapMs
const overloadMs = 10_000

/**
 * /limited and /busy ask for patience at the first request of each delivery, /far for more than is given, and /overloaded
 * at every request for a while.
 */
export const scenario: Scenario = {
  id: 'F70',
  title: '429 and 503 with Retry-After',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const only = (facility: string) => ({ filters: { facilities: [facility] } })
    for (const path of ['/limited', '/busy']) await stack.subscribe(path, only('patient'))
    const overloaded = await stack.subscribe('/overloaded', { inFlightLimit: 8 })
    const far = await stack.subscribe('/far', only('far'))
    const patient = [
      { path: '/limited', first: 1, answer: asks(429, askedSeconds) },
      { path: '/busy', first: 1, answer: asks(503, askedSeconds) },
      { path: '/far', answer: asks(503, farSeconds) },
    ]
    await stack.receiver.program({
      rules: [...patient, { path: '/overloaded', answer: asks(503, askedSeconds) }],
    })
    const load = startLoad(stack, { rate: 20 })
    await Promise.all([
      stack.client.post(30, { rate: 30, body: { facility_id: 'patient' } }),
      stack.client.post(1, { body: { facility_id: 'far' } }),
    ])
    const farWaitMs = await waitOf(stack, far)
    await lasts(overloadMs)
    const during = await requestsTo(stack, '/overloaded')
    const lane = await laneOf(stack, overloaded)
    await stack.receiver.program({ rules: patient })
    await load.stop()
    // Nobody waits here for as long as it asked.
    await stack.call('DELETE', `/v1/subscriptions/${far.uuid}`)
    const finding = await judge(stack, { lateMs: overloadMs })
    const early = tooEarly(await stack.receiver.lines())
    const made = stack.client.accepted().length
    finding.notes.push(
      `${during.length} requests to /overloaded while it asked for patience, for ${made} deliveries; limit ${lane?.limit}`,
      `/far was to wait ${Math.round(farWaitMs / 1_000)} s, having asked for ${farSeconds} s`,
    )
    mustHold(finding, early.length === 0, `C5 ${early.length} retries came before Retry-After`)
    mustHold(
      finding,
      farWaitMs <= capMs && farWaitMs > capMs - 30_000,
      `F70 /far was to wait ${farWaitMs} ms, not ${capMs}`,
    )
    mustHold(
      finding,
      lane !== undefined && lane.unwell >= 10 && lane.limit === 4,
      `F70 no open breaker: ${JSON.stringify(lane)}`,
    )
    const most = Math.max(...countById(during).values())
    mustHold(
      finding,
      during.length <= 40,
      `F70 ${during.length} tries burnt at an endpoint that asked for patience`,
    )
    mustHold(finding, most <= 1 + overloadMs / 1_000 / askedSeconds, `F70 a delivery was tried ${most} times`)
    return finding
  },
}

const requestsTo = async ({ receiver }: FaultStack, wanted: string): Promise<ReceivedLine[]> =>
  (await receiver.lines()).filter(({ path }) => path === wanted)

/** For how long the one delivery that is due there waits, ms. */
async function waitOf({ database }: FaultStack, { id }: Subscribed): Promise<number> {
  const row = await eventually(async () => {
    const [found] = await database.sql<{ ms: number }[]>`
      SELECT extract(epoch FROM due_at - now())::float8 * 1000 AS ms FROM due WHERE subscription = ${id} AND step > 0`
    return found
  })
  return row?.ms ?? 0
}

/** What the lane remembers: unwell answers in a row, and how many requests may be open. */
async function laneOf({ database }: FaultStack, { id }: Subscribed) {
  const [row] = await database.sql<{ unwell: number; limit: number | null }[]>`
    SELECT failures AS unwell, limit_now AS limit FROM lanes WHERE subscription = ${id}`
  return row
}

/** Second requests of what was asked to wait at its first. */
function tooEarly(received: readonly ReceivedLine[]): ReceivedLine[] {
  const firsts = new Map(received.filter(({ n }) => n === 1).map((line) => [line.id, line]))
  return received.filter(({ path, n, id, mono }) => {
    if (n !== 2 || !['/limited', '/busy', '/overloaded'].includes(path)) return false
    const first = firsts.get(id)
    return first?.status !== 200 && mono - (first?.mono ?? mono) < askedSeconds * 1_000 - 50
  })
}

function countById(received: readonly ReceivedLine[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { id } of received) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

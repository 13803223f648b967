import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually, queueBackends } from '@waybill/testing'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

const [backend] = queueBackends()
if (!backend) throw new Error('there is no queue backend')

const dataBytes = 200_000
const roomMib = 2

describe('large payloads', () => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  const aLargeTrigger = () => {
    const trigger = aTrigger()
    const data = JSON.parse(trigger.data) as { order: object }
    const order = { ...data.order, note: 'ж'.repeat(dataBytes / 2) }
    return { ...trigger, data: JSON.stringify({ ...data, order }) }
  }

  it('for many endpoints that answer are sent as there is room, and not left to their lanes', async () => {
    for (let i = 0; i < 40; i += 1) await p.subscribe(`/answers-${i}`)
    p.receiver.setResponder(() => ({ status: 200, delayMs: 20 }))
    await p.startWorker({ LARGE_PAYLOADS_MIB: String(roomMib) })
    const laneRuns = async () => {
      const [row] = await p.sql<{ n: number }[]>`SELECT coalesce(sum(runs), 0)::int AS n FROM lanes`
      return row?.n ?? 0
    }
    // A busy machine may take an answer for one that hangs, but not always.
    let leftToLanes = Infinity
    let triggers = 0
    for (; leftToLanes >= 20 && triggers < 6; triggers += 1) {
      const before = await laneRuns()
      const trigger = await p.accept(aLargeTrigger())
      await eventually(async () => {
        const made = await p.deliveriesOf(trigger)
        return made.length === 40 && made.every(({ status }) => status === 2)
      })
      leftToLanes = (await laneRuns()) - before
    }
    expect(leftToLanes).toBeLessThan(20)
    expect(p.receiver.requests).toHaveLength(40 * triggers)
  })

  it('that hang are under way as far as there is room, and small ones are not kept waiting', async () => {
    const hanging = Array.from({ length: 6 }, (_, i) => `/hangs-${i}`)
    for (const path of hanging) await p.subscribe(path, { timeoutMs: 3_000 })
    const { id: well } = await p.subscribe('/well')
    let open = 0
    let most = 0
    const seen = new Set<string>()
    p.receiver.setResponder(({ path, webhookId = '', body }) => {
      if (path === '/well' || seen.has(webhookId)) return { status: 200 }
      seen.add(webhookId)
      if (body.length < dataBytes / 2) return { status: 200 }
      open += 1
      most = Math.max(most, open)
      setTimeout(() => (open -= 1), 2_900)
      return { hang: true }
    })
    await p.startWorker({ LARGE_PAYLOADS_MIB: String(roomMib) })
    const large = Array.from({ length: 6 }, aLargeTrigger)
    await p.accept(...large)
    await eventually(() => most > 0)
    const small = await p.accept(aTrigger())
    await eventually(async () =>
      (await p.deliveriesOf(small)).some((one) => one.subscription === well && one.status === 2),
    )
    await eventually(
      async () => {
        const [row] = await p.sql<{ n: number; of: number }[]>`
          SELECT count(*) FILTER (WHERE status = 2)::int AS n, count(*)::int AS of FROM deliveries`
        return row?.of === 7 * 7 && row.n === row.of
      },
      { timeoutMs: 100_000 },
    )
    // Of first attempts and of retries each.
    expect(most).toBeLessThanOrEqual((2 * roomMib * 1_048_576) / dataBytes)
    // Those that were left out of a slice are sent whole: each time the same bytes.
    const bodies = p.receiver.requests.filter(({ path }) => path === '/hangs-0').map(({ body }) => body)
    expect(bodies.length).toBeGreaterThan(7)
    expect(new Set(bodies).size).toBe(2)
  })
})

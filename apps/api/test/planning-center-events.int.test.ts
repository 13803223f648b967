import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asDeliveryId, deliveryStatuses } from '@waybill/domain'
import { expectErrors, root } from './support/planning-center.ts'
import {
  idsOf,
  startPlanningCenterEvents,
  type PlanningCenterEvents,
} from './support/planning-center-events.ts'

let pco: PlanningCenterEvents
beforeAll(async () => {
  pco = await startPlanningCenterEvents()
})
afterAll(() => pco.close())

type Listed = { attributes: { status: string } }

describe('the list of events', () => {
  it('GET events lists the deliveries of the subscription, the oldest first', async () => {
    const answer = await pco.list()
    expect(idsOf(answer)).toEqual(pco.events)
    expect(answer.body.meta).toEqual({
      total_count: 8,
      count: 8,
      can_order_by: ['created_at'],
      can_query_by: ['status', 'uuid'],
      can_include: [],
      can_filter: [],
      parent: { id: String(pco.subscription), type: 'WebhookSubscription' },
    })
    expect(answer.body.links).toEqual({ self: `${pco.api.url}${root}${pco.at}` })
  })

  it('shows each of the eight statuses', async () => {
    expect((await pco.list()).body.data.map((one: Listed) => one.attributes.status)).toEqual([
      'pending',
      'delivered',
      'failed',
      'skipped',
      'duplicated',
      'ignored_failed',
      'ignored_skipped',
      'ignored_duplicated',
    ])
  })

  it('order=created_at sorts the oldest first, order=-created_at the newest', async () => {
    expect(idsOf(await pco.list('?order=created_at'))).toEqual(pco.events)
    expect(idsOf(await pco.list('?order=-created_at'))).toEqual(pco.events.toReversed())
  })

  it.each(['updated_at', '-id', 'created_at,-created_at', '--created_at', '-', '%00'])(
    'order=%s is 400',
    async (order) => {
      const answer = await pco.call('get', `${pco.at}?order=${order}`)
      expectErrors(answer, 400)
      expect(answer.body.errors[0].source).toEqual({ parameter: 'order' })
    },
  )

  it.each([...deliveryStatuses])('where[status]=%s keeps events of that status', async (status) => {
    const answer = await pco.list(`?where[status]=${status}`)
    expect(idsOf(answer)).toEqual([pco.events[deliveryStatuses.indexOf(status)]])
    expect(answer.body.meta.total_count).toBe(1)
  })

  it.each(['nope', '', 'FAILED', 'failed,skipped', '%00'])(
    'where[status]=%s, which is no status, finds nothing',
    async (status) => {
      const answer = await pco.list(`?where[status]=${status}`)
      expect([answer.body.data, answer.body.meta.total_count]).toEqual([[], 0])
    },
  )

  it('where[uuid] keeps the event with that uuid', async () => {
    const [, , wanted] = (await pco.list()).body.data
    const { uuid } = wanted.attributes
    expect(idsOf(await pco.list(`?where[uuid]=${uuid}`))).toEqual([Number(wanted.id)])
    expect(idsOf(await pco.list(`?where[uuid]=${uuid.toUpperCase()}&where[status]=failed`))).toEqual([
      Number(wanted.id),
    ])
    expect(idsOf(await pco.list(`?where%5Buuid%5D=${uuid}&where%5Bstatus%5D=delivered`))).toEqual([])
  })

  it('where[uuid] finds nothing of another subscription, and nothing for what is no uuid of ours', async () => {
    const foreign = await pco.seed(await pco.subscribe())
    const uuid = pco.api.deps.publicIds.encode('delivery', asDeliveryId(foreign))
    for (const one of [uuid, '0b0f7d5e-6a42-4f0e-9d5a-0f2f3c8f1a11', 'x', '', '%00'])
      expect(idsOf(await pco.list(`?where[uuid]=${one}`))).toEqual([])
  })

  it('where of another name is 400', async () => {
    expectErrors(await pco.call('get', `${pco.at}?where[person]=5`), 400)
    expectErrors(await pco.call('get', `${pco.at}?where[]=5`), 400)
  })

  it('include and filter are 400, since there is nothing to include or filter by', async () => {
    expectErrors(await pco.call('get', `${pco.at}?include=subscription`), 400)
    expectErrors(await pco.call('get', `${pco.at}?filter=failed`), 400)
    expectErrors(await pco.call('get', `${pco.at}/${pco.events[0]}?include=person`), 400)
    expect(idsOf(await pco.list('?include=&filter='))).toHaveLength(8)
  })

  it('ignores parameters that nothing reads', async () => {
    expect(idsOf(await pco.list('?fields[Event]=status&foo=%zz&_=1'))).toHaveLength(8)
  })
})

import { describe, expect, it } from '@jest/globals'
import { catalogue } from '@waybill/domain'
import { planPlay } from '../src/demo/plan-play.ts'
import { readPlay } from '../src/demo/read-play.ts'

const openingMs = 10_000

describe('examples/orders.json', () => {
  it('holds at least 40 orders, each with an id of its own', async () => {
    const { orders } = await readPlay()
    expect(orders.length).toBeGreaterThanOrEqual(40)
    expect(new Set(orders.map((order) => order.order_id)).size).toBe(orders.length)
  })

  it('shows every status and event of the catalogue, and nothing else', async () => {
    const { orders, shifts } = await readPlay()
    const steps = [...orders, ...shifts].flatMap((one) => one.steps)
    const played = new Set(steps.map((step) => `${step.kind} ${step.name}`))
    const known = new Set(catalogue.map((entry) => `${entry.kind} ${entry.name}`))
    expect([...played].toSorted()).toEqual([...known].toSorted())
  })

  it('tells of orders with facility events nowhere, and of shifts with nothing else', async () => {
    const { orders, shifts } = await readPlay()
    const kindsOf = (list: typeof orders | typeof shifts) =>
      new Set(list.flatMap((one) => one.steps.map((step) => step.kind)))
    expect([...kindsOf(orders)].toSorted()).toEqual(['order_event', 'order_status'])
    expect([...kindsOf(shifts)]).toEqual(['facility_event'])
  })

  it('names a client, an address and a service in every order', async () => {
    const { orders } = await readPlay()
    for (const { order } of orders) {
      expect(order).toMatchObject({
        client: { first_name: expect.any(String), email: expect.stringMatching(/@example\.com$/) },
        property_info: { address: { street: expect.any(String), city: expect.any(String) } },
        primary_service: { group_slug: expect.any(String) },
      })
    }
  })

  it('is over within ten seconds', async () => {
    const last = planPlay(await readPlay()).at(-1)
    expect(last?.atMs).toBeLessThan(openingMs)
  })
})

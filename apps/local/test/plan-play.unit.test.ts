import { describe, expect, it } from '@jest/globals'
import { planPlay } from '../src/demo/plan-play.ts'
import { playOrders } from '../src/demo/play-orders.ts'

const play = {
  orders: [
    {
      order_id: 1,
      starts_after_ms: 0,
      order: { notes: 'a', links: null },
      steps: [
        { kind: 'order_status' as const, name: 'ordered', after_ms: 0 },
        { kind: 'order_status' as const, name: 'completed', after_ms: 150, adds: { links: 'b' } },
        { kind: 'order_event' as const, name: 'order.delivered', after_ms: 10 },
      ],
    },
  ],
  shifts: [
    {
      facility_id: 'fac-1',
      starts_after_ms: 90,
      data: { shiftId: 's' },
      steps: [{ kind: 'facility_event' as const, name: 'shift.created', after_ms: 0 }],
    },
  ],
}

describe('planPlay', () => {
  it('puts what happens at about the same time into one scene, in order', () => {
    const scenes = planPlay(play)
    expect(scenes.map((scene) => scene.atMs)).toEqual([0, 100])
    expect(scenes[0]?.triggers).toMatchObject([
      { name: 'ordered' },
      { name: 'shift.created', facility_id: 'fac-1' },
    ])
    expect(scenes[1]?.triggers).toMatchObject([{ name: 'completed' }, { name: 'order.delivered' }])
  })

  it('keeps what a step adds for the later ones, not for the earlier', () => {
    const [first, second] = planPlay(play)
    expect(first?.triggers[0]).toMatchObject({ order_id: 1, order: { notes: 'a', links: null } })
    expect(second?.triggers[1]).toMatchObject({ order_id: 1, order: { notes: 'a', links: 'b' } })
  })
})

describe('playOrders', () => {
  it('posts one trigger alone and several as a batch, each with a key of its own', async () => {
    const posted: { count: number; key: string }[] = []
    const api = {
      postTrigger: async (_trigger: object, key: string) => {
        posted.push({ count: 1, key })
        return { id: 'single', accepted_at: '' }
      },
      postTriggers: async (triggers: readonly object[], key: string) => {
        posted.push({ count: triggers.length, key })
        return { ids: triggers.map((_, index) => `batch ${index}`), accepted_at: '' }
      },
    }
    const scenes = [
      { atMs: 0, triggers: [{}] },
      { atMs: 0, triggers: [{}, {}] },
    ]
    const ids = await playOrders(api, scenes, 'run', new AbortController().signal)
    expect(ids).toEqual(['single', 'batch 0', 'batch 1'])
    expect(posted).toEqual([
      { count: 1, key: 'demo-run-0' },
      { count: 2, key: 'demo-run-1' },
    ])
  })
})

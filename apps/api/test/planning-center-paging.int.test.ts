import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { expectDocument, expectErrors, root } from './support/planning-center.ts'
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

describe('paging through events', () => {
  it('per_page is from 1 to 100 and 25 by default', async () => {
    const many = await pco.subscribe()
    const trigger = await pco.accept()
    const { sql } = pco.api.database
    await sql`
      INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
        attempts, created_at)
      SELECT number(), ${trigger}::bigint, 12, ${many}::int, 1, 4, 2, 110, 1, 0, now() FROM generate_series(1, 101)`
    const count = async (query: string) => {
      const answer = await pco.call('get', `/subscriptions/${many}/events${query}`)
      expectDocument(answer, 'many Event')
      expect(answer.body.meta.total_count).toBe(101)
      return answer.body.meta.count
    }
    expect(await count('')).toBe(25)
    expect(await count('?per_page=1')).toBe(1)
    expect(await count('?per_page=100')).toBe(100)
    expect(await count('?per_page=101')).toBe(100)
    expect(await count('?per_page=99999999999999999999')).toBe(100)
    expect(await count('?per_page=0')).toBe(1)
    expect(await count('?per_page=-5')).toBe(1)
    expect(await count('?per_page=&offset=')).toBe(25)
  })

  it('offset is 0 by default, and a page behind the end is empty', async () => {
    expect(idsOf(await pco.list('?per_page=2&offset=3'))).toEqual(pco.events.slice(3, 5))
    expect(idsOf(await pco.list('?offset=-1'))).toEqual(pco.events)
    for (const offset of ['8', '99999', '99999999999999999999']) {
      const answer = await pco.list(`?offset=${offset}`)
      expect([answer.body.data, answer.body.meta.total_count]).toEqual([[], 8])
      expect(answer.body.meta.next).toBeUndefined()
    }
  })

  it.each(['per_page=x', 'per_page=1.5', 'offset=x', 'offset=1e3', 'offset=%00'])(
    '%s is 400',
    async (query) => {
      const answer = await pco.call('get', `${pco.at}?${query}`)
      expectErrors(answer, 400)
      expect(answer.body.errors[0].source).toEqual({ parameter: query.split('=')[0] })
    },
  )

  it('next and prev lead through all pages in links and meta, next being absent on the last', async () => {
    const seen: number[] = []
    let url: string | undefined = `${pco.api.url}${root}${pco.at}?per_page=3&order=-created_at`
    const offsets: unknown[] = []
    while (url) {
      const answer = await pco.call('get', url.slice((pco.api.url + root).length))
      expectDocument(answer, 'many Event')
      expect(answer.body.links.self).toBe(url)
      offsets.push([answer.body.meta.prev?.offset, answer.body.meta.next?.offset])
      expect(answer.body.links.prev === undefined).toBe(answer.body.meta.prev === undefined)
      seen.push(...idsOf(answer))
      url = answer.body.links.next
    }
    expect(seen).toEqual(pco.events.toReversed())
    expect(offsets).toEqual([
      [undefined, 3],
      [0, 6],
      [3, undefined],
    ])
  })

  it('total_count is exact to 10,000 and an estimate beyond', async () => {
    const huge = await pco.subscribe()
    const trigger = await pco.accept()
    const { sql } = pco.api.database
    const add = (n: number) => sql`
      INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
        attempts, created_at)
      SELECT number(), ${trigger}::bigint, 12, ${huge}::int, 1, 4, 3, 110, 1, 0, now() FROM generate_series(1, ${n}::int)`
    const total = async (query = '') => {
      const answer = await pco.call('get', `/subscriptions/${huge}/events?per_page=1${query}`)
      expectDocument(answer, 'many Event')
      return answer.body.meta.total_count as number
    }
    await add(10_000)
    expect(await total()).toBe(10_000)
    await add(10_000)
    await sql`ANALYZE deliveries`
    expect(await total()).toBeGreaterThan(10_000)
    expect(await total()).toBeLessThan(30_000)
    expect(await total('&where[status]=failed')).toBeGreaterThan(10_000)
    expect(await total('&where[status]=skipped')).toBe(0)
    const last = await pco.call('get', `/subscriptions/${huge}/events?per_page=1&offset=19999`)
    expect([last.body.data.length, last.body.meta.next]).toEqual([1, undefined])
  })
})

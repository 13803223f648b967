import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { countJobs, findSearchedTriggers, listJobs, type JobsQuery, type Sql } from '@waybill/db'
import { catalogueById, type DeliveryId, type SubscriptionId } from '@waybill/domain'
import { openFixture, yard, type Fixture } from './support/fixture.ts'

type Job = {
  id: DeliveryId
  eventId: number
  orderStatus: number | null
  code: number | null
  sentAt: Date | null
  createdAt: Date
  address: string
}

const made = 6_000
const day = 86_400_000

let f: Fixture
let subscription: SubscriptionId
let jobs: Job[]

/**
 * Enough of them that pages are found in each of the ways there are. The old ones live on Oak Ave; a term of half of all
 * addresses is in more triggers than can be named.
 */
beforeAll(async () => {
  f = await openFixture()
  subscription = (await f.subscribe()).id
  await f.sql`CREATE TABLE seed AS
    SELECT i, n.first + i AS id, now() - (${made}::int - i) * interval '3 minutes' AS at,
      CASE WHEN i % 3 = 0 THEN 101 + i % 12 ELSE 1 + i % 20 END AS event_id
    FROM generate_series(0, ${made - 1}::int) i,
      (SELECT (floor(number() / 100000000000) + 0.5)::numeric * 100000000000 AS first) n`
  await f.sql`INSERT INTO triggers (id, integration, event_id, order_id, search, duplicate, created_at, data)
    SELECT id, ${yard}::int, event_id, 'o-' || i,
      CASE WHEN i < 2500 THEN i || ' oak ave, denver' WHEN i % 2 = 0 THEN i || ' elm rd, boulder' ELSE i || ' fir st' END
        || chr(31) || 'o-' || i,
      false, at, '{}' FROM seed`
  await f.sql`INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id,
      order_status, generation, attempts, last_code, created_at, last_sent_at)
    SELECT id + ${made}::int, id, ${yard}::int, ${subscription}::int, 1, CASE WHEN event_id > 100 THEN 2 ELSE 1 END, 2,
      event_id, CASE WHEN event_id > 100 THEN nullif(i % 7, 0) ELSE event_id END, 1, 1,
      CASE WHEN i % 1000 = 5 THEN 418 WHEN i % 11 = 0 THEN NULL WHEN i % 5 = 0 THEN 500 ELSE 200 END, at,
      CASE WHEN i % 13 = 0 THEN NULL ELSE date_trunc('hour', at) END FROM seed`
  // Twice as many of other dialects lie between them: no page, no count and no search may show one.
  await f.sql`INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id,
      order_status, generation, attempts, last_code, created_at, last_sent_at)
    SELECT id + other * ${made}::int, id, ${yard}::int, ${subscription}::int, 1, other + 1, 2, event_id, 4, 1, 1, 200, at, at
      FROM seed, generate_series(2, 3) other`
  await f.sql`ANALYZE triggers`
  await f.sql`ANALYZE deliveries`
  const rows = await f.sql<Job[]>`
    SELECT d.id, d.event_id AS "eventId", d.order_status AS "orderStatus", d.last_code AS code,
      d.last_sent_at AS "sentAt", d.created_at AS "createdAt", split_part(t.search, chr(31), 1) AS address
    FROM deliveries d JOIN triggers t ON t.id = d.trigger WHERE d.integration = ${yard}::int AND d.profile < 3`
  jobs = [...rows]
}, 120_000)
afterAll(() => f.close())

const eventType = ({ eventId }: Job) => {
  const entry = catalogueById(eventId)
  return entry?.kind === 'order_event' ? entry.shortName : null
}
const keyOf = {
  status_code: (job: Job) => job.code,
  event_type: eventType,
  last_sent_at: (job: Job) => job.sentAt?.getTime() ?? null,
}

/** What has no value is the least, and equal ones are as their ids are. */
function inOrder({ by, order }: JobsQuery['sort'], kept: readonly Job[]): DeliveryId[] {
  const key = keyOf[by]
  const compare = (a: Job, b: Job): number => {
    const [x, y] = [key(a), key(b)]
    if (x === y) return a.id - b.id
    if (x === null || y === null) return x === null ? -1 : 1
    return x < y ? -1 : 1
  }
  const sorted = kept.toSorted(compare).map(({ id }) => id)
  return order === 'asc' ? sorted : sorted.reverse()
}

const ago = (days: number) => new Date(Date.now() - days * day)
const sorts = (['status_code', 'event_type', 'last_sent_at'] as const).flatMap((by) =>
  (['asc', 'desc'] as const).map((order) => ({ by, order })),
)
const search = (term: string) => ({
  eventIds: [],
  orderStatuses: [],
  revisions: { whole: [], single: [] },
  text: { term, address: true, orderId: false },
})

describe('a page of jobs', () => {
  it.each(sorts)('is the same however it is found, sorted by %j', async (sort) => {
    const [start, end, late] = [ago(9), ago(8), ago(1 / 48)]
    const cases: [Partial<JobsQuery>, (job: Job) => boolean][] = [
      [{}, () => true],
      [{ statusCodes: [200] }, ({ code }) => code === 200],
      [{ statusCodes: [500, 418] }, ({ code }) => code === 500 || code === 418],
      [{ statusCodes: [418] }, ({ code }) => code === 418],
      [{ eventIds: [101, 104] }, ({ eventId }) => eventId === 101 || eventId === 104],
      [{ orderStatuses: [3] }, ({ orderStatus }) => orderStatus === 3],
      [{ createdFrom: start, createdBefore: end }, ({ createdAt }) => createdAt >= start && createdAt < end],
      [{ createdBefore: late }, ({ createdAt }) => createdAt < late],
      [{ search: search('elm rd') }, ({ address }) => address.includes('elm rd')],
      [{ search: search('oak') }, ({ address }) => address.includes('oak')],
      [{ search: search('o') }, ({ address }) => address.includes('o')],
      [
        { search: { ...search('oak'), eventIds: [106] }, statusCodes: [200] },
        ({ address, eventId, code }) => code === 200 && (address.includes('oak') || eventId === 106),
      ],
    ]
    for (const [part, fits] of cases) {
      const kept = jobs.filter(fits)
      const expected = inOrder(sort, kept)
      for (const page of [1, 2, 25, 50]) {
        const query: JobsQuery = { integration: yard, ...part, sort, size: 100, page }
        const found = (await listJobs(f.sql, query)).map(({ id }) => id)
        expect({ part, page, found }).toEqual({
          part,
          page,
          found: expected.slice((page - 1) * 100, page * 100),
        })
        if (page === 1) expect(await countJobs(f.sql, query)).toBe(kept.length)
      }
    }
  })
})

describe('the first page', () => {
  it.each<Partial<JobsQuery>>([{}, { orderStatuses: [3] }, { search: search('elm rd') }])(
    'can be walked by the index of its order, asked for %j',
    async (part) => {
      const one = await f.sql.reserve()
      try {
        // Small tables are sorted rather than walked: forbidden, it is walked wherever the index can be used.
        await one`SET enable_sort = off`
        const before = await walks(one)
        await listJobs(one, {
          integration: yard,
          ...part,
          sort: { by: 'last_sent_at', order: 'desc' },
          size: 25,
          page: 1,
        })
        expect(await walks(one)).toBeGreaterThan(before)
        await one`RESET enable_sort`
      } finally {
        one.release()
      }
    },
  )

  async function walks(sql: Sql): Promise<number> {
    await sql`SELECT pg_stat_force_next_flush()`
    const [row] = await sql<{ n: number }[]>`
      SELECT coalesce(sum(idx_scan), 0)::int AS n FROM pg_stat_user_indexes
      WHERE indexrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'deliveries_last_sent_at'::regclass)`
    return row?.n ?? 0
  }
})

describe('the triggers that hold a text', () => {
  const find = (term: string) => findSearchedTriggers(f.sql, yard, { term, address: true, orderId: true })

  it('are named when they are few, and not when they are many or only reading all would tell', async () => {
    expect(await find('17 oak ave')).toHaveLength(25)
    expect(await find('o-1234')).toHaveLength(1)
    expect(await find('nowhere')).toEqual([])
    expect(await find('oak')).toBeUndefined()
    expect(await find('zz')).toBeUndefined()
  })
})

import type { SeededHistory } from '../support/seed-history.ts'
import { benchIntegration } from '../support/seed-stack.ts'

/** One kind of call; `make` varies it, so that every call reads other rows. */
export type P6Call = {
  name: string
  status: number
  leastRows: number
  make: (i: number) => { path: string; method: string; headers: Record<string, string>; body?: string }
  rowsOf: (answer: unknown) => number
}

const events = ['received', 'processed', 'scheduled', 'delivered', 'submitted', 'window_selected']
const statuses = ['assembly', 'committed', 'hold', 'notified', 'on_site', 'unscheduled']
const shifts = ['shift.created', 'shift.cancelled', 'shift.scheduled', 'shift.report.created']
const dayMs = 86_400_000
const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T
const dayAgo = (days: number): string => new Date(Date.now() - days * dayMs).toISOString()

/** Every documented way to narrow the three lists, and the ways that are known to be slow. */
export function p6Calls(history: SeededHistory, n: number): P6Call[] {
  // A short history, for trying this out, ends before that.
  const far = n >= 200_000 ? 25 : 0
  return [...jobs(history, n, far), ...logs(history, far), ...pcoEvents(history, far)]
}

function jobs({ token, subscriptions }: SeededHistory, n: number, far: number): P6Call[] {
  const call = (name: string, leastRows: number, params: (i: number) => object): P6Call => ({
    name: `jobs: ${name}`,
    status: 200,
    leastRows,
    make: (i) => ({
      path: '/api/v1/webhook_jobs/index',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token,
        integration_id: benchIntegration,
        view: 'planointegrate_view',
        ...params(i),
      }),
    }),
    rowsOf: (answer) => (answer as { data: { results: unknown[] } }).data.results.length,
  })
  const v2 = subscriptions['planomatic-v2']
  return [
    call('first page', 25, () => ({})),
    call('with count', 25, () => ({ count: true })),
    call('filters.status_code', 25, (i) => ({ filters: { status_code: [i % 2 ? 500 : 503] } })),
    call('filters.event_type', 25, (i) => ({ filters: { event_type: [at(events, i)] } })),
    call('filters.status', 25, (i) => ({ filters: { status: [at(statuses, i)] } })),
    call('filters.subscribers', 25, (i) => ({ filters: { subscribers: [at(v2, i)] } })),
    call('filters.endpoint', 25, (i) => ({
      filters: { endpoint: [`https://hooks.example.test/planomatic-v2-${i % 5}`] },
    })),
    call('filters.date_range, one day', 25, (i) => ({
      filters: { date_range_start: dayAgo(3 + (i % 9)), date_range_end: dayAgo(2 + (i % 9)) },
    })),
    call('filters, four at once, with count', 1, (i) => ({
      count: true,
      filters: {
        date_range_start: dayAgo(7),
        status_code: [500],
        event_type: [at(events, i)],
        subscribers: subscriptions['planomatic-v3'],
      },
    })),
    call('search, one order', 1, (i) => ({ search: { term: String(40_000 + ((i * 7_919) % (n / 2))) } })),
    call('search, an address', 1, (i) => ({
      search: { term: `${(i * 13) % 9_999} `, attributes: ['address'] },
    })),
    call('search, a common word', 25, () => ({ search: { term: 'Boulder' } })),
    call('search, nothing', 0, (i) => ({ search: { term: `nowhere ${i}` } })),
    call('search, with count', 1, (i) => ({ count: true, search: { term: `${(i * 13) % 9_999} ` } })),
    call('search, two letters', 25, () => ({ search: { term: 'rd' } })),
    call('sort by event_type', 25, () => ({ sort: { by: 'event_type', order: 'asc' } })),
    call('sort by status_code', 25, () => ({ sort: { by: 'status_code', order: 'desc' } })),
    call('offset 25,000', far, () => ({ page: { size: 25, number: 1_001 } })),
  ]
}

function logs({ token }: SeededHistory, far: number): P6Call[] {
  const call = (name: string, leastRows: number, query: (i: number) => string): P6Call => ({
    name: `logs: ${name}`,
    status: 201,
    leastRows,
    make: (i) => ({
      path: `/api/v2/public/webhooks/logs?${query(i)}`,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
    }),
    rowsOf: (answer) => (answer as { data: unknown[] }).data.length,
  })
  const facility = (i: number) => `facilitiesIds=NUR-${String(i % 200).padStart(6, '0')}`
  return [
    call('first page', 10, () => ''),
    call('limit 100', 100, () => 'limit=100'),
    call('facilitiesIds', 10, (i) => `${facility(i)}&${facility(i + 7)}`),
    call('eventType', 10, (i) => `eventType=${at(shifts, i)}`),
    call('dates, one day', 10, (i) => `startDate=${dayAgo(3 + (i % 9))}&endDate=${dayAgo(2 + (i % 9))}`),
    call('facility, type and day', 1, (i) =>
      [facility(i), `eventType=${at(shifts, i)}`, `startDate=${dayAgo(9)}`].join('&'),
    ),
    call('sortDirection ASC', 10, () => 'sortDirection=ASC'),
    call('offset 25,000', Math.min(10, far), () => 'offset=25000'),
  ]
}

function pcoEvents({ token, subscriptions }: SeededHistory, far: number): P6Call[] {
  const [first] = subscriptions['planning-center']
  const call = (name: string, leastRows: number, query: (i: number) => string): P6Call => ({
    name: `events: ${name}`,
    status: 200,
    leastRows,
    make: (i) => ({
      path: `/webhooks/v2/webhook_subscriptions/${first}/events?${query(i)}`,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
    }),
    rowsOf: (answer) => (answer as { data: unknown[] }).data.length,
  })
  return [
    call('first page', 25, () => ''),
    call('newest first', 25, () => 'order=-created_at'),
    call('where[status]', 25, () => 'where[status]=failed'),
    call('per_page 100', 100, (i) => `per_page=100&offset=${i}`),
    call('offset 25,000', far, () => 'offset=25000'),
  ]
}

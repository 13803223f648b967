import { describe, expect, it } from '@jest/globals'
import { createArrivalLog } from '../src/demo/arrival-log.ts'
import { printTable } from '../src/demo/print-table.ts'
import { percentile, tally } from '../src/demo/tally.ts'
import { exampleDelivery, exampleStory } from './example-story.ts'

const subscribers = [
  { id: 's1', key: 'ledger', name: 'Ledger', profile: 'standard' },
  { id: 's2', key: 'flaky', name: 'Flaky', profile: 'nursa' },
]
const flaky = { id: 's2', key: 'flaky', name: 'Flaky' }
const attempt = (n: number, response_status: number) => ({
  n,
  sent_at: null,
  duration_ms: 1,
  response_status,
  error: null,
})

const stories = [
  exampleStory([
    exampleDelivery(),
    exampleDelivery({ id: 'd2', subscription: flaky, attempts: [attempt(1, 500), attempt(2, 200)] }),
  ]),
  exampleStory([
    exampleDelivery({ id: 'd3' }),
    exampleDelivery({
      id: 'd4',
      subscription: flaky,
      status: 'failed',
      next_attempt_at: '2026-03-02T15:05:00.000Z',
      attempts: [attempt(1, 500)],
    }),
    exampleDelivery({ id: 'd5', subscription: { id: 's9', key: 'somebody', name: 'Somebody else' } }),
  ]),
]
const accepted = Date.parse('2026-03-02T15:04:05.000Z')
const firstArrivals = new Map([
  ['d1', accepted + 10],
  ['d2', accepted + 20],
  ['d3', accepted + 30],
  // A clock that ran ahead must not show a negative time.
  ['d4', accepted - 1],
])
const log = {
  arrived: (key: string) => (key === 'flaky' ? 3 : 2),
  firstArrival: (id: string) => firstArrivals.get(id),
}

describe('tally', () => {
  it('counts what matched, was delivered, retried and is still open, for the named subscribers only', () => {
    const [ledger, flaky] = tally(stories, subscribers, log)
    const delivered = { matched: 2, arrived: 2, delivered: 2, retried: 0, pending: 0 }
    expect(ledger).toEqual({ name: 'Ledger', profile: 'standard', ...delivered, latencyMs: [10, 30] })
    const open = { matched: 2, arrived: 3, delivered: 1, retried: 1, pending: 1 }
    expect(flaky).toEqual({ name: 'Flaky', profile: 'nursa', ...open, latencyMs: [0, 20] })
  })
})

describe('percentile', () => {
  it('takes the smallest value that the share does not exceed', () => {
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2)
    expect(percentile([1, 2, 3, 4], 0.95)).toBe(4)
    expect(percentile([], 0.5)).toBeUndefined()
  })
})

describe('printTable', () => {
  it('lines the columns up and sums them in the last row', () => {
    expect(printTable(tally(stories, subscribers, log))).toEqual([
      'subscriber  profile   matched  arrived  delivered  retried  pending  p50 ms  p95 ms',
      '───────────────────────────────────────────────────────────────────────────────────',
      'Ledger      standard        2        2          2        0        0      10      30',
      'Flaky       nursa           2        3          1        1        1       0      20',
      '───────────────────────────────────────────────────────────────────────────────────',
      'all                         4        5          3        1        1      10      30',
    ])
  })

  it('shows a dash where nothing arrived', () => {
    expect(printTable(tally([], subscribers, createArrivalLog()))[2]).toMatch(/Ledger .* 0 +– +–$/)
  })
})

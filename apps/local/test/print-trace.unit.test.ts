import { describe, expect, it } from '@jest/globals'
import { printTrace } from '../src/print-trace.ts'
import { exampleDelivery, exampleStory } from './example-story.ts'

const now = new Date('2026-03-02T15:04:10.000Z')
const profiles = new Map([['s1', 'standard']])

describe('printTrace', () => {
  it('tells what the trigger was, whom it matched and that it is done', () => {
    expect(printTrace(exampleStory([exampleDelivery()]), profiles, now)).toEqual([
      'Trigger t1',
      '  what      order_event order.delivered, order 40001, integration 12',
      '  accepted  2026-03-02T15:04:05.000Z',
      '  state     every matching subscription was served once',
      '  matched   1 subscription',
      '',
      'Ledger (ledger), standard: delivered',
      '  delivery  d1, as order.delivered',
      '  attempt 1 2026-03-02T15:04:05.020Z  answered 200 in 7 ms',
      '  next      nothing, it is done',
    ])
  })

  it('tells when the next attempt comes and what the failed ones met', () => {
    const lines = printTrace(
      exampleStory([
        exampleDelivery({
          status: 'failed',
          next_attempt_at: '2026-03-02T15:04:40.000Z',
          attempts: [
            { n: 1, sent_at: '2026-03-02T15:04:05.020Z', duration_ms: 7, response_status: 500, error: null },
            { n: 2, sent_at: null, duration_ms: null, response_status: null, error: 'unknown' },
          ],
        }),
      ]),
      profiles,
      now,
    )
    expect(lines.slice(-3)).toEqual([
      '  attempt 1 2026-03-02T15:04:05.020Z  answered 500 in 7 ms',
      '  attempt 2 (time unknown)  unknown',
      '  next      attempt 3 in 30 s, at 2026-03-02T15:04:40.000Z',
    ])
  })

  it('tells why a delivery was given up', () => {
    const given = exampleDelivery({ status: 'failed', err: 'exhausted' })
    expect(printTrace(exampleStory([given]), profiles, now).at(-1)).toBe(
      '  next      nothing: exhausted; a person may redeliver it',
    )
  })

  it('tells that nothing matched, and names the facility where there is no order', () => {
    const lines = printTrace(exampleStory([], { order_id: null, facility_id: 'fac-1' }), profiles, now)
    expect(lines[1]).toContain('facility fac-1')
    expect(lines.at(-1)).toBe('  matched   no subscription')
  })

  it('says so when the subscription is gone', () => {
    expect(printTrace(exampleStory([exampleDelivery()]), new Map(), now)).toContain(
      'Ledger (ledger), deleted since: delivered',
    )
  })
})

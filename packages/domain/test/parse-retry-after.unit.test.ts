import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseRetryAfter } from '@waybill/domain'

const now = Date.parse('2025-03-04T10:00:00Z')

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Tue, 04 Mar 2025 10:00:30 GMT', 30_000],
    ['Tuesday, 04-Mar-25 10:01:00 GMT', 60_000],
    ['Tue Mar  4 11:00:00 2025', 3_600_000],
    ['Tue, 04 Mar 2025 10:00:00 GMT', 0],
  ])('%p asks for %p ms', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected)
  })

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'soon',
    '120, 240',
    'Tue, 04 Mar 2025 09:59:59 GMT',
    'Tue, 04 Mar 2025 10:00:30',
    'Tue, 04 Mar 2025 10:00:30 PST',
    'Mon, 31 Feb 2026 10:00:00 GMT',
    'Tue, 04 Mar 2026 25:00:00 GMT',
    'Tuesday, 04-Mar-94 10:01:00 GMT',
    '2025-03-04T10:00:30Z',
  ])('%p asks for nothing', (header) => {
    expect(parseRetryAfter(header, now)).toBeUndefined()
  })

  it('reads a two-digit year as at most fifty years ahead', () => {
    expect(parseRetryAfter('Friday, 04-Mar-50 10:00:00 GMT', now)).toBe(Date.UTC(2050, 2, 4, 10) - now)
    expect(parseRetryAfter('Monday, 04-Mar-75 10:00:00 GMT', now)).toBe(Date.UTC(2075, 2, 4, 10) - now)
    expect(parseRetryAfter('Friday, 04-Mar-76 10:00:00 GMT', now)).toBeUndefined()
  })

  it('is a usable number however long the header is', () => {
    expect(parseRetryAfter('9'.repeat(5_000), now)).toBe(Number.MAX_SAFE_INTEGER)
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = parseRetryAfter(header, now)
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
      }),
    )
  })
})

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { asDeliveryId, attemptId, dayOf, firstIdOfDay, ID_DAY_STEP, parseAttemptId } from '@waybill/domain'

describe('attempt ids', () => {
  it('are the delivery times ten thousand plus the attempt, beyond what a number can hold', () => {
    expect(attemptId(asDeliveryId(Number.MAX_SAFE_INTEGER), 9_999)).toBe('90071992547409919999')
    expect(attemptId(asDeliveryId(211_400_000_000_123), 1)).toBe('2114000000001230001')
  })

  it('are read back exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.integer({ min: 1, max: 9_999 }),
        (delivery, n) => {
          expect(parseAttemptId(attemptId(asDeliveryId(delivery), n))).toEqual({ delivery, n })
        },
      ),
    )
  })

  it.each([
    '',
    '0',
    '5',
    '-10001',
    '1e9',
    '010001',
    '20000',
    '10001 ',
    '90071992547409920001',
    '9'.repeat(40),
  ])('are not read from %p', (text) => {
    expect(parseAttemptId(text)).toBeUndefined()
  })

  it.each([0, -1, 10_000, 1.5, Number.NaN])('are refused for attempt %p', (n) => {
    expect(() => attemptId(asDeliveryId(7), n)).toThrow(RangeError)
  })
})

describe('days inside ids', () => {
  it('start at 2020-01-01 UTC', () => {
    expect(dayOf(0).toISOString()).toBe('2020-01-01T00:00:00.000Z')
    expect(dayOf(ID_DAY_STEP - 1).toISOString()).toBe('2020-01-01T00:00:00.000Z')
    expect(dayOf(2_114 * ID_DAY_STEP + 5).toISOString()).toBe('2025-10-15T00:00:00.000Z')
  })

  it('begin with the first id of that day, whatever the hour', () => {
    expect(firstIdOfDay(new Date('2025-10-15T23:59:59.999Z'))).toBe(2_114 * ID_DAY_STEP)
    expect(firstIdOfDay(new Date('2025-10-16T00:00:00.000Z'))).toBe(2_115 * ID_DAY_STEP)
    expect(dayOf(firstIdOfDay(new Date('2031-02-03T04:05:06Z'))).toISOString()).toBe(
      '2031-02-03T00:00:00.000Z',
    )
  })
})

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { asDeliveryId, asTriggerId, createPublicIds } from '@waybill/domain'
import type { PublicIdKind } from '@waybill/domain'

const ids = createPublicIds(Buffer.alloc(32, 7))
const kinds: PublicIdKind[] = ['trigger', 'delivery', 'subscription', 'secret']
const anyKind = fc.constantFrom(...kinds)
const anyId = fc.oneof(fc.maxSafeNat(), fc.nat(1_000), fc.constantFrom(0, Number.MAX_SAFE_INTEGER))

describe('public ids', () => {
  it('come back to the number they were made from', () => {
    fc.assert(
      fc.property(anyKind, anyId, (kind, id) => {
        expect(ids.decode(kind, ids.encode(kind, id))).toBe(id)
      }),
    )
  })

  it('are lower-case version 8 UUIDs', () => {
    fc.assert(
      fc.property(anyKind, anyId, (kind, id) => {
        expect(ids.encode(kind, id)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        )
      }),
    )
  })

  it('stay the same for ever, since they are written into receivers’ databases', () => {
    expect(ids.encode('delivery', asDeliveryId(211_400_000_000_123))).toBe(
      '0602232f-3e83-8dd5-a144-63245e8b9095',
    )
  })

  it('sort like their numbers', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        fc.pre(a < b)
        expect(ids.encode('trigger', asTriggerId(a)) < ids.encode('trigger', asTriggerId(b))).toBe(true)
      }),
    )
  })

  it('mean nothing for another kind or another key', () => {
    const others = createPublicIds(Buffer.alloc(32, 8))
    fc.assert(
      fc.property(anyId, anyKind, anyKind, (id, kind, otherKind) => {
        const uuid = ids.encode(kind, id)
        expect(others.decode(kind, uuid)).toBeUndefined()
        if (otherKind !== kind) expect(ids.decode(otherKind, uuid)).toBeUndefined()
      }),
    )
  })

  it('mean nothing once any digit is changed', () => {
    const uuid = ids.encode('delivery', asDeliveryId(211_400_000_000_123))
    for (const [at, char] of uuid.split('').entries()) {
      if (char === '-') continue
      for (const digit of '0123456789abcdef'.replace(char, '')) {
        expect(ids.decode('delivery', uuid.slice(0, at) + digit + uuid.slice(at + 1))).toBeUndefined()
      }
    }
  })

  it('may be typed in capitals', () => {
    expect(ids.decode('trigger', ids.encode('trigger', asTriggerId(42)).toUpperCase())).toBe(42)
  })

  it.each(['', 'x', '00000000-0000-0000-0000-000000000000', 'f'.repeat(36), 'İ'.repeat(36)])(
    'are not %p',
    (text) => {
      expect(ids.decode('trigger', text)).toBeUndefined()
    },
  )

  it('are not any UUID that somebody else made', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(ids.decode('trigger', uuid)).toBeUndefined()
      }),
    )
  })

  it('refuse numbers that are no ids, and keys too short to keep a secret', () => {
    expect(() => ids.encode('trigger', asTriggerId(-1))).toThrow(RangeError)
    expect(() => ids.encode('trigger', asTriggerId(1.5))).toThrow(RangeError)
    expect(() => ids.encode('trigger', asTriggerId(2 ** 53))).toThrow(RangeError)
    expect(() => createPublicIds(Buffer.alloc(15))).toThrow(RangeError)
  })
})

import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import type { Principal } from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import { createCallerAddress } from '../src/http/caller-address.ts'
import { createTokenCache } from '../src/http/token-cache.ts'
import { parseTimestamp } from '../src/http/check-timestamp.ts'
import { findJsonError } from '../src/http/find-json-error.ts'
import { findUtf8Error } from '../src/http/find-utf8-error.ts'
import type { FieldProblem } from '../src/http/problem.ts'
import { readQuery } from '../src/http/query-parameters.ts'
import { pointerStep, quote } from '../src/http/quote.ts'
import { mayBeAway, mayHaveCommitted, toProblem } from '../src/http/to-problem.ts'
import { refuseUnknown } from '../src/http/unknown-field.ts'
import { addressText } from '../src/triggers/address-text.ts'

describe('findJsonError', () => {
  it.each([
    ['', 0],
    ['  ', 2],
    ['hello', 0],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1 2]', 3],
    ['[1,', 3],
    ['"a\nb"', 2],
    ['"a\\xb"', 2],
    ['{"a":"b', 7],
    ['{} x', 3],
    ['01', 1],
    ['tru', 0],
    ['{"a":[{"b":nul}]}', 11],
  ])('says where %j stops being JSON', (text, offset) => {
    expect(findJsonError(text)).toBe(offset)
    expect(() => JSON.parse(text) as unknown).toThrow()
  })

  it('reads everything that JSON.parse reads to its end', () => {
    for (const text of [
      '{"a":[1,-0.5e+3,"é😀\\u00e9\\n",true,false,null,{}],"":[]}',
      ' [ ] ',
      '"\u007f\u2028"',
      '0',
    ]) {
      expect(() => JSON.parse(text) as unknown).not.toThrow()
      expect(findJsonError(text)).toBe(text.length)
    }
  })
})

describe('findUtf8Error', () => {
  it.each([
    [[0xc3, 0x28], 0],
    [[0x61, 0xff], 1],
    [[0x61, 0xe2, 0x82], 1],
    [[0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98], 3],
    [[0x80], 0],
    [[...Buffer.from('grün €😀'), 0xed, 0xa0, 0x80, 0x61], 13],
  ])('of %j is %i', (bytes, offset) => {
    expect(findUtf8Error(Buffer.from(bytes))).toBe(offset)
  })
})

describe('parseTimestamp', () => {
  it.each(['2024-02-29T23:59:59.123456789+05:30', '2025-03-09t16:00:00z'])('takes %s', (text) => {
    expect(parseTimestamp(text)).toBe(Date.parse(text.toUpperCase()))
    expect(parseTimestamp(text)).not.toBeNaN()
  })
  it.each([
    '2025-02-29T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-00-01T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2025-01-01T00:60:00Z',
    '2025-01-01T00:00:00+24:00',
    '2025-01-01 00:00:00Z',
    '2025-01-01',
    '100000000000000000000',
    '',
  ])('refuses %j', (text) => expect(parseTimestamp(text)).toBeUndefined())
})

describe('input in an answer', () => {
  const half = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])/

  it.each([0, 1])('is cut between characters, never within one (%d before it)', (before) => {
    const text = 'x'.repeat(before) + '😀'.repeat(200)
    for (const shown of [JSON.parse(quote(text)) as string, pointerStep(text).slice(1)]) {
      expect(Array.from(shown)).toHaveLength(64)
      expect(shown).not.toMatch(half)
      expect(shown.endsWith('…')).toBe(true)
    }
  })

  it('is whole where it has 64 characters', () => {
    const text = '😀'.repeat(64)
    expect([quote(text), pointerStep(text)]).toEqual([`"${text}"`, `/${text}`])
  })

  it('is a pointer with whole escapes however it is cut', () => {
    expect(pointerStep('/'.repeat(100))).toBe(`/${'~1'.repeat(63)}…`)
  })
})

describe('addressText', () => {
  it.each([
    [{ property: { address: '9 Elm Rd' } }, '9 Elm Rd'],
    [
      {
        property_info: {
          address: { street: '9 Elm Rd', address2: null, city: 'Boulder', postal_code: 80301 },
        },
      },
      '9 Elm Rd, Boulder, 80301',
    ],
    [{ address: ' 9 Elm Rd ' }, '9 Elm Rd'],
    [{ property: { address: '' }, address: '1 Oak St' }, '1 Oak St'],
    [{ property: { address: {} } }, null],
    [{ address: 5 }, null],
    [{ address: `x${'😀'.repeat(400)}` }, `x${'😀'.repeat(299)}`],
    [undefined, null],
  ])('of %j is %j', (order, text) => expect(addressText(order)).toBe(text))

  it('is cut at 300 characters', () => expect(addressText({ address: 'x'.repeat(999) })).toHaveLength(300))
})

describe('refuseUnknown', () => {
  const names = { known: new Set(['order_id', 'kind']), readOnly: new Set(['id', 'created_at']) }
  const code = (name: string) => {
    const problems: FieldProblem[] = []
    refuseUnknown('', [name, 'kind'], names, problems)
    return problems[0]
  }
  it('suggests a near name, whatever its case style, and nothing far away', () => {
    expect(code('orderId')?.message).toContain('"order_id"')
    expect(code('knd')?.message).toContain('"kind"')
    expect(code('completely_else')?.message).not.toContain('Did you mean')
    expect(code('CreatedAt')?.code).toBe('read_only_field')
    expect(code('a/b~c')?.pointer).toBe('/a~1b~0c')
  })
})

describe('readQuery', () => {
  it('reads a parameter once', () => {
    const query = readQuery('/x?a=1&b=2025-01-01T00:00:00Z', ['a', 'b'])
    expect(query.wholeNumber('a', { min: 1, max: 2 })).toBe(1)
    expect(query.time('b')).toEqual(new Date('2025-01-01T00:00:00Z'))
    expect(query.text('c')).toBeUndefined()
  })
})

describe('toProblem', () => {
  const coded = (code: string) => Object.assign(new Error('x'), { code })
  it.each([
    ['ECONNREFUSED', true, 'storage_unavailable'],
    ['CONNECTION_CLOSED', true, 'commit_unknown'],
    ['CONNECTION_CLOSED', false, 'storage_unavailable'],
    ['57P01', true, 'storage_unavailable'],
    ['53300', true, 'storage_unavailable'],
    ['25006', true, 'storage_unavailable'],
    ['42501', true, 'storage_unavailable'],
    ['42P01', true, 'internal_error'],
    ['57014', true, 'storage_unavailable'],
    ['57014', false, 'query_too_slow'],
    ['55P03', false, 'storage_unavailable'],
    ['ERR_ASSERTION', true, 'internal_error'],
  ])('makes of %s (writing: %s) %s', (code, writes, expected) => {
    expect(toProblem(coded(code), writes).code).toBe(expected)
    expect(toProblem(new Error('outer', { cause: coded(code) }), writes).code).toBe(expected)
  })
  it.each([
    ['ECONNREFUSED', true],
    ['53300', true],
    ['57014', false],
    ['55P03', false],
    ['ERR_ASSERTION', false],
  ])('takes %s for a database that may be away: %s', (code, away) => {
    expect(mayBeAway(new Error('outer', { cause: coded(code) }))).toBe(away)
  })
  it('knows a bug from an outage', () => {
    expect(toProblem(new TypeError('x'), true).code).toBe('internal_error')
    expect(mayHaveCommitted(new TypeError('x'))).toBe(false)
  })
})

describe('the token cache', () => {
  const principal: Principal = {
    kind: 'token',
    tokenId: 1,
    name: 'x',
    integrations: new Set([asIntegrationId(1)]),
    scopes: null,
    email: null,
  }

  it('asks once for concurrent questions, and again after its time', async () => {
    let asked = 0
    let now = 0
    const cache = createTokenCache(() => Promise.resolve((asked += 1) > 0 ? principal : undefined), {
      ttlMs: 10,
      monotonic: () => now,
    })
    await Promise.all([cache.find('a'), cache.find('a')])
    expect(cache.find('a')).toBe(principal)
    expect(asked).toBe(1)
    now = 10
    await cache.find('a')
    expect(asked).toBe(2)
  })

  it('remembers what is unknown, but forgets a failed question', async () => {
    let asked = 0
    let fails = true
    const lookUp = () => {
      asked += 1
      return fails ? Promise.reject(new Error('away')) : Promise.resolve(undefined)
    }
    const cache = createTokenCache(lookUp, { ttlMs: 10, monotonic: () => 0 })
    await expect(cache.find('a')).rejects.toThrow('away')
    fails = false
    expect(await cache.find('a')).toBeUndefined()
    expect(cache.find('a')).toBeUndefined()
    expect(asked).toBe(2)
  })

  it('knows what was good, also when its time is over or it is to be asked for each time', async () => {
    let now = 0
    let lives = true
    const cache = createTokenCache(() => Promise.resolve(lives ? principal : undefined), {
      ttlMs: 10,
      monotonic: () => now,
      keeps: () => false,
    })
    expect(cache.wasGood('a')).toBe(false)
    await cache.find('a')
    now = 1_000
    expect(cache.wasGood('a')).toBe(true)
    expect(cache.find('a')).toBeInstanceOf(Promise)
    lives = false
    await cache.find('a')
    await cache.find('a')
    expect(cache.wasGood('a')).toBe(false)
  })

  it('keeps good tokens through a flood of bad ones', async () => {
    const cache = createTokenCache((hash) => Promise.resolve(hash.equals(good) ? principal : undefined), {
      ttlMs: 10,
      monotonic: () => 0,
    })
    const { hashToken } = await import('@waybill/db')
    const good = hashToken('good')
    await cache.find('good')
    for (let i = 0; i < 1_500; i += 1) await cache.find(`bad-${i}`)
    expect(cache.find('good')).toBe(principal)
    expect(cache.find('bad-0')).toBeInstanceOf(Promise)
  })
})

describe('the address of a caller', () => {
  it.each([
    [0, '198.51.100.1', '10.0.0.1'],
    [1, '198.51.100.1', '198.51.100.1'],
    [1, '203.0.113.9, 198.51.100.1', '198.51.100.1'],
    [1, '203.0.113.9,2001:db8::1 ', '2001:db8::1'],
    [2, '203.0.113.9, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    [2, '198.51.100.1', '10.0.0.1'],
    [1, undefined, '10.0.0.1'],
    [1, '', '10.0.0.1'],
    [1, '198.51.100.1,', '10.0.0.1'],
    [1, 'unknown', '10.0.0.1'],
    [1, '198.51.100.1:4711', '10.0.0.1'],
  ])('behind %i proxies, with X-Forwarded-For %j, is %s', (proxies, header, address) => {
    const headers = header === undefined ? {} : { 'x-forwarded-for': header }
    const request = { headers, socket: { remoteAddress: '10.0.0.1' } } as unknown as IncomingMessage
    expect(createCallerAddress(proxies)(request)).toBe(address)
  })
})

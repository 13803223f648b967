import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { rawElements, rawMembers, scanJson } from '@waybill/domain'

function slices(text: string, maxDepth = 32): Record<string, string> {
  const scan = scanJson(text, { maxDepth })
  if (!scan.ok) throw new Error(`too deep at ${scan.offset}`)
  return Object.fromEntries([...scan.members].map(([name, { start, end }]) => [name, text.slice(start, end)]))
}

const elements = (text: string) =>
  rawElements(text, 0, text.length).map(({ start, end }) => text.slice(start, end))
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const spaced = fc.constantFrom(undefined, 1, '\t', '\r\n  ')

describe('the members of an object', () => {
  it('are exactly the bytes that came', () => {
    const text =
      ' { "big" : 12345678901234567890 ,"f":1.0e+2,"o":{ "b" : 1,"a":[ ] },\n"s":"x\\u0041" , "n":null } '
    expect(slices(text)).toEqual({
      big: '12345678901234567890',
      f: '1.0e+2',
      o: '{ "b" : 1,"a":[ ] }',
      s: '"x\\u0041"',
      n: 'null',
    })
  })

  it('are the values that JSON.parse finds, for any object and any spacing', () => {
    const anyObject = fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
    )
    fc.assert(
      fc.property(anyObject, spaced, (object, space) => {
        const text = JSON.stringify(object, null, space)
        const parsed: Record<string, unknown> = JSON.parse(text)
        const scan = scanJson(text, { maxDepth: 64 })
        if (!scan.ok) throw new Error('too deep')
        expect([...scan.members.keys()].toSorted()).toEqual(Object.keys(parsed).toSorted())
        for (const [name, { start, end }] of scan.members) {
          const slice = text.slice(start, end)
          expect(slice).toBe(slice.trim())
          expect(JSON.parse(slice)).toEqual(parsed[name])
        }
      }),
    )
  })

  it.each([
    ['{"a":"}\\",{[","b":1}', { a: '"}\\",{["', b: '1' }],
    ['{"a":"\\\\","b":"\\\\\\""}', { a: '"\\\\"', b: '"\\\\\\""' }],
    ['{"a\\"}":1,"\\u0062":2,"c\\\\":3}', { 'a"}': '1', b: '2', 'c\\': '3' }],
    ['{"":0}', { '': '0' }],
    ['{}', {}],
    ['{ }', {}],
  ])('are not confused by escapes and brackets in strings: %s', (text, expected) => {
    expect(() => JSON.parse(text)).not.toThrow()
    expect(slices(text)).toEqual(expected)
  })

  it('take the last of two equal keys, however they are spelt', () => {
    expect(slices('{"a":1,"b":2,"a":3}')).toEqual({ a: '3', b: '2' })
    expect(slices('{"a":1,"\\u0061":4}')).toEqual({ a: '4' })
  })

  it('hold __proto__ like any other key', () => {
    const scan = scanJson('{"__proto__":{"polluted":1},"constructor":2}', { maxDepth: 32 })
    expect(scan.ok && [...scan.members.keys()]).toEqual(['__proto__', 'constructor'])
    expect({}).not.toHaveProperty('polluted')
  })

  it.each(['[]', '[{"a":1}]', '"{}"', 'null', '12', '', '  '])('do not exist in %p', (text) => {
    expect(slices(text)).toEqual({})
  })

  it('are found inside a span too', () => {
    const text = '{"a":{"b":{"c":[1, 2]}}}'
    const span = scanJson(text, { maxDepth: 32 })
    const a = span.ok ? span.members.get('a') : undefined
    const b = a && rawMembers(text, a).get('b')
    expect(b && text.slice(b.start, b.end)).toBe('{"c":[1, 2]}')
    expect(rawMembers(text, { start: 18, end: 19 }).size).toBe(0)
  })
})

describe('the depth', () => {
  it('may be the limit, but not one more', () => {
    expect(scanJson(`{"a":${nested(31)}}`, { maxDepth: 32 }).ok).toBe(true)
    expect(scanJson(`{"a":${nested(32)}}`, { maxDepth: 32 })).toEqual({
      ok: false,
      code: 'json_too_deep',
      offset: 36,
    })
    expect(scanJson(nested(32), { maxDepth: 32 }).ok).toBe(true)
    expect(scanJson(nested(33), { maxDepth: 32 })).toEqual({ ok: false, code: 'json_too_deep', offset: 32 })
    expect(scanJson('{}', { maxDepth: 0 })).toEqual({ ok: false, code: 'json_too_deep', offset: 0 })
  })

  it('is that of the deepest place, not the number of brackets', () => {
    expect(scanJson(`{"a":[${'[],'.repeat(100)}{}],"b":"${'['.repeat(100)}"}`, { maxDepth: 3 }).ok).toBe(true)
  })

  it('of a hundred thousand is refused without overflowing anything', () => {
    expect(scanJson(`{"a":1,"b":${nested(100_000)}}`, { maxDepth: 32 }).ok).toBe(false)
    expect(scanJson('['.repeat(100_000), { maxDepth: 32 }).ok).toBe(false)
  })
})

describe('the elements of an array', () => {
  it('are exactly the bytes that came', () => {
    expect(elements(' [ {"a": 1} ,12345678901234567890, "x,]" ,[ [1],2 ], null ] ')).toEqual([
      '{"a": 1}',
      '12345678901234567890',
      '"x,]"',
      '[ [1],2 ]',
      'null',
    ])
    expect(elements('[]')).toEqual([])
    expect(elements('[ ]')).toEqual([])
    expect(elements('{"a":[1]}')).toEqual([])
  })

  it('are the values that JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), spaced, (array, space) => {
        const text = JSON.stringify(array, null, space)
        expect(elements(text).map((slice): unknown => JSON.parse(slice))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('of a member are found by its span', () => {
    const text = '{"x":[9],"triggers":[{"a":1},{"b":[2]}],"y":[7]}'
    const scan = scanJson(text, { maxDepth: 32 })
    const span = scan.ok ? scan.members.get('triggers') : undefined
    if (!span) throw new Error('no triggers')
    expect(rawElements(text, span.start, span.end).map(({ start, end }) => text.slice(start, end))).toEqual([
      '{"a":1}',
      '{"b":[2]}',
    ])
  })
})

describe('malformed text', () => {
  const jsonLike = fc.string({
    unit: fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      'u',
      '0',
      'a',
      ' ',
      '\n',
      'true',
      '\ud800',
    ),
    maxLength: 60,
  })

  it('never makes the scan throw or hang, and spans stay inside the text', () => {
    fc.assert(
      fc.property(jsonLike, (text) => {
        const scan = scanJson(text, { maxDepth: 5 })
        const spans = [...(scan.ok ? scan.members.values() : []), ...rawElements(text, 0, text.length)]
        for (const { start, end } of spans) {
          expect(start).toBeLessThanOrEqual(end)
          expect(end).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    '{',
    '{"',
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":"',
    '{"a":[',
    '{"a":[}',
    '{"\\x":1}',
    '{,}',
    '{"a":,}',
  ])('like %p is survived', (text) => {
    expect(scanJson(text, { maxDepth: 32 }).ok).toBe(true)
  })
})

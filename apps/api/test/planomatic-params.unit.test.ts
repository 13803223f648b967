import { describe, expect, it } from '@jest/globals'
import { PlanomaticRefusal } from '../src/planomatic/envelope.ts'
import { createParamReader } from '../src/planomatic/param-reader.ts'
import { readInstant } from '../src/planomatic/read-instant.ts'
import type { ParamObject } from '../src/planomatic/read-params.ts'

/** The errors that reading gives. */
function errorsOf(params: ParamObject, read: (reader: ReturnType<typeof createParamReader>) => void) {
  const reader = createParamReader(params)
  read(reader)
  try {
    reader.finish()
    return []
  } catch (error) {
    return error instanceof PlanomaticRefusal ? error.errors : error
  }
}

describe('createParamReader', () => {
  it('cuts a long name after 64 characters, never within one', () => {
    const attrs = (name: string) =>
      errorsOf({ filters: { [name]: 1 } }, (reader) => reader.object('filters', ['status']))
    const pairs = '😀'.repeat(70)
    expect(attrs(pairs)).toEqual([{ attr: `filters.${'😀'.repeat(64)}`, message: 'unrecognized' }])
    expect(attrs(`x${pairs}`)).toEqual([{ attr: `filters.x${'😀'.repeat(63)}`, message: 'unrecognized' }])
    expect(attrs('y'.repeat(200))).toEqual([{ attr: `filters.${'y'.repeat(64)}`, message: 'unrecognized' }])
  })

  it('says of one parameter only the first thing that is wrong', () => {
    const errors = errorsOf({ emails: 5 }, (reader) => {
      reader.text('emails')
      reader.invalid('emails', 'missing')
      reader.invalid('name', 'empty')
    })
    expect(errors).toEqual([
      { attr: 'emails', message: 'must be a string' },
      { attr: 'name', message: 'empty' },
    ])
  })

  it.each(['', ' ', '\t\n', '\u00a0', null])(
    'takes %j for a text that is not there, and for a cleared one',
    (value) => {
      const reader = createParamReader({ name: value })
      expect([reader.has('name'), reader.cleared('name'), reader.cleared('other')]).toEqual([
        false,
        true,
        false,
      ])
      expect(reader.required('name')).toBe('')
      expect(() => reader.finish()).toThrow('missing-param')
    },
  )

  it.each([[[]], [['']], [null], ['']])('takes %j for an object without members', (value) => {
    expect(errorsOf({ page: value }, (reader) => reader.object('page', ['size']))).toEqual([])
  })

  it.each([[['x']], [['', '']], ['x'], [5]])('refuses %j where an object must be', (value) => {
    expect(errorsOf({ page: value }, (reader) => reader.object('page', ['size']))).toEqual([
      { attr: 'page', message: 'must be an object' },
    ])
  })
})

describe('readInstant', () => {
  it.each([
    '9999-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59-23:59',
    '9999-01-01',
    '0000-01-01',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+23:59',
  ])('makes %s a time that the database knows, also a day or a millisecond later or earlier', (text) => {
    const ms = readInstant(text) ?? NaN
    for (const shift of [0, 1, 86_400_000, -2 * 86_400_000])
      expect(new Date(ms + shift).toISOString()).toMatch(/^\d{4}-/)
  })

  it('leaves times between as they are', () => {
    expect(readInstant('9998-12-31T23:59:59.999Z')).toBe(Date.UTC(9_998, 11, 31, 23, 59, 59, 999))
    expect(readInstant('1970-01-01T00:00:00.001Z')).toBe(1)
  })
})

import { firstCharacters } from '../http/first-characters.ts'
import { maxProblems } from '../http/problem.ts'
import { PlanomaticRefusal, type AttrError } from './envelope.ts'
import { createListReader, isEmptyList, isStorable } from './list-reader.ts'
import { isObject, type ParamObject } from './read-params.ts'

/** Reads parameters one by one and collects what is wrong; numbers and booleans may come as text, as in a query. */
export type ParamReader = {
  /** False for what is absent, null or a blank text. */
  has(attr: string): boolean
  /** True for what is there, but null or a blank text. */
  cleared(attr: string): boolean
  text(attr: string): string | undefined
  required(attr: string): string
  /** A whole number that came as a number, as text; undefined for everything else. */
  digits(attr: string): string | undefined
  integer(attr: string, bounds: { min: number; max: number }): number | undefined
  flag(attr: string): boolean | undefined
  list(attr: string): unknown[] | undefined
  /** A list read one by one: `read` gives undefined for what does not fit. Undefined where it would be empty. */
  listOf<T>(attr: string, read: (value: unknown) => T | undefined, message?: string): T[] | undefined
  /** Says what is wrong with an object or the names in it. An empty list is how some languages write an empty object. */
  object(attr: string, known: readonly string[]): void
  oneOf<T extends string>(attr: string, values: readonly T[]): T | undefined
  /** Of what is wrong with one parameter only the first is kept. */
  invalid(attr: string, message: string): void
  /** Throws what was collected: `missing-param` before `invalid-param`. */
  finish(): void
}

const isBlank = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value.trim() === '')

const maxNameLength = 64

export function createParamReader(params: ParamObject): ParamReader {
  const missing: AttrError[] = []
  const invalid: AttrError[] = []
  const given = (attr: string): unknown => {
    let value: unknown = params
    for (const step of attr.split('.'))
      value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
    return value
  }
  const at = (attr: string): unknown => given(attr) ?? undefined
  const refuse = (attr: string, message: string): undefined => {
    const isKnown = invalid.some((error) => error.attr === attr)
    if (!isKnown && invalid.length < maxProblems) invalid.push({ attr, message })
    return undefined
  }
  const text = (attr: string): string | undefined => {
    const value = at(attr)
    if (value === undefined || value === '') return undefined
    if (typeof value !== 'string') return refuse(attr, 'must be a string')
    return isStorable(value) ? value : refuse(attr, 'contains characters that cannot be stored')
  }
  return {
    has: (attr) => !isBlank(at(attr)),
    cleared: (attr) => given(attr) !== undefined && isBlank(at(attr)),
    text,
    required: (attr) => {
      if (!isBlank(at(attr))) return text(attr) ?? ''
      missing.push({ attr, message: 'missing' })
      return ''
    },
    digits: (attr) => {
      const value = at(attr)
      return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined
    },
    integer: (attr, { min, max }) => {
      const value = at(attr)
      if (value === undefined || value === '') return undefined
      const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isInteger(number)) return refuse(attr, 'must be an integer')
      return number >= min && number <= max ? number : refuse(attr, `must be from ${min} to ${max}`)
    },
    flag: (attr) => {
      const value = at(attr)
      if (value === undefined || value === '') return undefined
      if (value === true || value === 'true') return true
      return value === false || value === 'false' ? false : refuse(attr, 'must be true or false')
    },
    ...createListReader(at, refuse),
    object: (attr, known) => {
      const value = at(attr)
      if (value === undefined || value === '' || isEmptyList(value)) return
      if (!isObject(value)) refuse(attr, 'must be an object')
      else
        for (const name of Object.keys(value))
          if (!known.includes(name)) refuse(`${attr}.${firstCharacters(name, maxNameLength)}`, 'unrecognized')
    },
    oneOf: (attr, values) => {
      const value = text(attr)
      if (value === undefined) return undefined
      return values.find((one) => one === value) ?? refuse(attr, 'unrecognized')
    },
    invalid: refuse,
    finish: () => {
      if (missing.length > 0) throw new PlanomaticRefusal('missing-param', missing)
      if (invalid.length > 0) throw new PlanomaticRefusal('invalid-param', invalid)
    },
  }
}

import type { ParamReader } from './param-reader.ts'

const maxElements = 1_000
/** What PostgreSQL does not store and UTF-8 cannot say. */
const unstorable = /\0|\p{Cs}/u

export const isStorable = (text: string): boolean => !unstorable.test(text)

/** Of nothing, or as a query writes it: `statuses[]=`. */
export const isEmptyList = (value: unknown): boolean =>
  Array.isArray(value) && (value.length === 0 || (value.length === 1 && value[0] === ''))

/** The part of a reader that reads lists, from where `at` finds them. */
export function createListReader(
  at: (attr: string) => unknown,
  refuse: (attr: string, message: string) => undefined,
): Pick<ParamReader, 'list' | 'listOf'> {
  const list = (attr: string): unknown[] | undefined => {
    const value = at(attr)
    if (value === undefined || value === '') return undefined
    if (!Array.isArray(value)) return refuse(attr, 'must be an array')
    if (value.length > maxElements) return refuse(attr, `has more than ${maxElements} elements`)
    return isEmptyList(value) ? [] : (value as unknown[])
  }
  return {
    list,
    listOf: (attr, read, message = 'unrecognized') => {
      const found = (list(attr) ?? []).flatMap((value, index) => {
        const one = typeof value !== 'string' || isStorable(value) ? read(value) : undefined
        if (one === undefined) refuse(`${attr}.${index}`, message)
        return one === undefined ? [] : [one]
      })
      return found.length > 0 ? found : undefined
    },
  }
}

/** What a check found wrong, in words; none: it holds. */
export type Failures = string[]

/** At most this many examples are named of each kind of failure. */
const examples = 5

/** One failure that counts the list and names the first of it; none for an empty one. */
export const failuresOf = (what: string, list: readonly string[]): Failures =>
  list.length === 0 ? [] : [`${what}: ${list.length}, such as ${list.slice(0, examples).join(', ')}`]

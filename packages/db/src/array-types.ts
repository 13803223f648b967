/**
 * How arrays travel, by the OIDs of PostgreSQL's own array types. The client could ask the server for them, but asks on
 * each new connection with a query whose failure nobody can catch: a connection cut at that moment would end the process.
 */
const numbers = {
  serialize: (values: readonly (number | null)[]): string =>
    `{${values.map((value) => value ?? 'NULL').join(',')}}`,
  parse: (text: string): (number | null)[] =>
    text === '{}' ? [] : text.slice(1, -1).split(',').map(toNumber),
}

const texts = {
  serialize: (values: readonly (string | null)[]): string => `{${values.map(quote).join(',')}}`,
  // Nothing selects a text array; one would come back as the server writes it, in one piece.
  parse: (text: string): (string | null)[] => [text],
}

export const arrayTypes = {
  smallints: { to: 1005, from: [1005], ...numbers },
  integers: { to: 1007, from: [1007], ...numbers },
  bigints: { to: 1016, from: [1016], ...numbers },
  doubles: { to: 1022, from: [1022], ...numbers },
  texts: { to: 1009, from: [1009], ...texts },
}

export type ArrayTypes = {
  smallints: (number | null)[]
  integers: (number | null)[]
  bigints: (number | null)[]
  doubles: (number | null)[]
  texts: (string | null)[]
}

const toNumber = (text: string): number | null => (text === 'NULL' ? null : Number(text))

function quote(value: string | null): string {
  if (value === null) return 'NULL'
  const escaped = value.includes('"') || value.includes('\\') ? value.replaceAll(/["\\]/g, '\\$&') : value
  return `"${escaped}"`
}

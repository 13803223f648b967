import fc from 'fast-check'

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

const deep = (open: string, close: string, levels: number) => `${open.repeat(levels)}1${close.repeat(levels)}`

/** Texts that some parser, index, statement or clock may not like. */
export const oddTexts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfff',
  '😀'.repeat(200),
  'y'.repeat(9_000),
  '\u202e\u200f',
  '%',
  '%00',
  "'; --",
  '\\',
  '[]',
  '{}',
  'null',
  'true',
  'all',
  'toString',
  '__proto__',
  'constructor',
  'NaN',
  'Infinity',
  '-0',
  '0',
  '-1',
  '1.5',
  '1e309',
  '100',
  '2147483648',
  '9007199254740993',
  '9223372036854775808',
  '9'.repeat(400),
  '0000-01-01',
  '0001-01-01T00:00:00Z',
  '1969-12-31',
  '2025-02-30T00:00:00Z',
  '2025-03-09T16:00:00 01:00',
  '9999-12-31T23:59:59-23:59',
  '+275760-09-13T00:00:00Z',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-8fff-bfff-ffffffffffff',
  'order.delivered',
  'orders.v2.events.order.delivered',
  '2XX',
  '200-99999999999',
  'https://[::1',
  'https://a..b/',
  'https://\ud800.example.com/',
  'https://127.0.0.1:99999/',
  'whsec_====',
  'a@b, c@',
  'ASC',
  'failed,,failed',
]

export const oddText = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
)

const oddNumber = fc.constantFrom(-0, -1, 0, 0.1, 1, 2 ** 31, 2 ** 53, -(2 ** 63), 1e300)

/** What stands in a JSON text as it is: JSON.stringify would not write it. */
const rawParts = ['1e999', '-1e999', '-0', deep('[', ']', 30), deep('{"a":', '}', 30), deep('[', ']', 20_000)]
const marked = (index: number) => `raw part ${index}`

const oddParts: readonly Json[] = [
  null,
  true,
  false,
  [],
  {},
  [null],
  [[]],
  { toString: 1 },
  { length: -1, 0: 'a' },
]

/** A value of each kind. */
export const oddLeaves: readonly Json[] = [
  ...oddParts,
  ...rawParts.map((_part, index) => marked(index)),
  '',
  '\0',
  '\ud800',
  '9'.repeat(400),
  '9999-12-31T23:59:59-23:59',
  [{ toString: 1 }],
  2 ** 53,
  -1,
]

const leaf: fc.Arbitrary<Json> = fc.oneof(
  oddText,
  oddNumber,
  fc.constantFrom(...oddParts),
  fc.nat(rawParts.length - 1).map(marked),
)

/** Any JSON value, most of them of the wrong type wherever they stand. */
export const oddValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(oddText, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(oddText, leaf, { maxKeys: 3 }) },
)

/** JSON text with the raw parts in their places. */
export const write = (value: Json): string =>
  JSON.stringify(value).replace(/"raw part (\d)"/g, (_all, index: string) => rawParts[Number(index)] ?? '1')

/** As it may stand in a URL: half a surrogate pair as the bytes that UTF-8 does not have. */
export const escapeUrl = (text: string): string =>
  Array.from(text, (one) => (/^\p{Cs}$/u.test(one) ? '%ED%A0%80' : encodeURIComponent(one))).join('')

/** One step of a path or one value of a query. */
export const urlPart = fc.oneof(
  { weight: 4, arbitrary: oddText.map((text) => escapeUrl(text.slice(0, 1_000))) },
  { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%E0%A4%A', '%C0%80', '%00', '%2F..%2F', '+', '..;') },
)

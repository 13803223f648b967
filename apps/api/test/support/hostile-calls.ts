import fc from 'fast-check'
import { knownParameters, type Fields, type KnownBody } from './documented-fields.ts'
import { escapeUrl, oddLeaves, oddTexts, oddValue, urlPart, write, type Json } from './hostile-values.ts'

export type HostileRoute = { method: string; path: string }
export type HostileCall = { method: string; url: string; body: string | undefined; type: string }

const oddNames = ['__proto__[a]', 'constructor.prototype.a', 'a.'.repeat(7_000), '[]', '', 'where[x]']

/** Up to three parameters, now and then twice, or with a name that nobody reads. */
function queryOf(path: string): fc.Arbitrary<string> {
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...knownParameters(path), 'x') },
    fc.constantFrom(...oddNames),
  )
  const more = fc.oneof(
    { weight: 5, arbitrary: fc.constant('') },
    fc.constantFrom('[]', '[0]', '[a][b]', '.x'),
  )
  const one = fc.tuple(name, more, urlPart).map(([start, end, value]) => `${escapeUrl(start + end)}=${value}`)
  const twice = fc.nat(7).map((one) => one === 0)
  return fc
    .tuple(fc.array(one, { maxLength: 3 }), twice)
    .map(([parts, again]) => (again ? [...parts, ...parts] : parts).join('&').slice(0, 15_000))
}

const type = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  fc.constantFrom('text/plain', '', ';;='),
)

/** What calls of a route are made with: good ids for its path, good bodies, and a query that comes before the odd one. */
export type Known = {
  ids: Readonly<Record<string, readonly string[]>>
  bodies: readonly KnownBody[]
  query: string
}

const bodyFor = ({ bodies }: Known, route: HostileRoute) =>
  ['GET', 'DELETE'].includes(route.method) ? undefined : bodies.find(({ path }) => path.test(route.path))
const isSensitive = ({ path }: HostileRoute) => path.includes('sessions')
const idsFor = ({ ids }: Known, { path }: HostileRoute, step: string) =>
  ids[`${path} ${step}`] ?? ids[step] ?? []
const withQuery = (path: string, ...parts: string[]) =>
  `${path}?${parts.filter((part) => part !== '').join('&')}`

/** Calls of a route: its path with odd ids or good ones, any query, and a body that is nearly right or not at all. */
export function hostileCalls(route: HostileRoute, known: Known): fc.Arbitrary<HostileCall> {
  const steps = route.path.split('/').map((step) => {
    if (!step.startsWith(':')) return fc.constant(step)
    const good = idsFor(known, route, step)
    return good.length > 0 ? fc.oneof(fc.constantFrom(...good), urlPart) : urlPart
  })
  return fc.record({
    method: fc.constant(route.method),
    url: fc
      .tuple(fc.tuple(...steps), queryOf(route.path))
      .map(([path, asked]) => withQuery(path.join('/'), known.query, asked)),
    body: route.method === 'GET' ? fc.constant(undefined) : bodyOf(bodyFor(known, route)),
    type: isSensitive(route) ? fc.constant('text/plain') : type,
  })
}

/** Each documented field of a route's body, and each parameter of a list, with each odd value. */
export function oneOddEach(route: HostileRoute, known: Known): HostileCall[] {
  const path = route.path.replace(/:\w+/g, (step) => idsFor(known, route, step)[0] ?? '0')
  const kind = bodyFor(known, route)
  const call = { method: route.method, type: isSensitive(route) ? 'text/plain' : 'application/json' }
  if (kind)
    return [...Object.keys(kind.good), ...kind.others].flatMap((name) =>
      oddLeaves.map((value) => ({
        ...call,
        url: withQuery(path, known.query),
        body: write(put(kind.good, name, value)),
      })),
    )
  if (route.method !== 'GET' || !/(?<!v2\/subscription.*)s$/.test(route.path)) return []
  return knownParameters(route.path).flatMap((name) =>
    oddTexts.map((text) => ({
      ...call,
      url: withQuery(path, known.query, `${escapeUrl(name)}=${escapeUrl(text.slice(0, 1_000))}`),
      body: undefined,
    })),
  )
}

function bodyOf(kind: KnownBody | undefined): fc.Arbitrary<string | undefined> {
  const any = fc.oneof(
    oddValue.map(write),
    fc.constantFrom(
      '',
      '{',
      '{"a":1,"a":2}',
      '{"data":{"attributes":null}}',
      '\ufeff{}',
      '"\\ud800"',
      '[[[[',
    ),
  )
  if (!kind) return any
  const names = [...Object.keys(kind.good), ...kind.others]
  const changed = fc
    .array(fc.tuple(fc.constantFrom(...names), oddValue), { minLength: 1, maxLength: 2 })
    .map((changes) => write(changes.reduce((body, [name, value]) => put(body, name, value), kind.good)))
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: any })
}

/** `a.b` is member b of member a. */
function put(body: Fields, name: string, value: Json): Fields {
  const [first = '', ...rest] = name.split('.')
  if (rest.length === 0) return { ...body, [first]: value }
  const inner = body[first]
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {}
  return { ...body, [first]: put(below, rest.join('.'), value) }
}

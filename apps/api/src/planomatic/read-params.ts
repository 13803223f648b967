import type { IncomingMessage } from 'node:http'
import { checkMediaType } from '../http/check-media-type.ts'
import { parseJsonBody } from '../http/parse-json-body.ts'
import { Problem } from '../http/problem.ts'
import { readBody } from '../http/read-body.ts'
import { PlanomaticRefusal } from './envelope.ts'

export type ParamObject = { [name: string]: unknown }

export const maxParamBytes = 262_144
/** In a query a list is written with commas, by repeating its name, or with the place of each element. */
const lists = new Set([
  'statuses',
  'events',
  'search.attributes',
  'filters',
  'filters.status_code',
  'filters.event_type',
  'filters.status',
  'filters.subscribers',
  'filters.endpoint',
])
/** A URL may hold commas itself. */
const betweenUrls = /,(?=https?:\/\/)/i

/**
 * The parameters of a request: its query string and, over that, its JSON body. A body of nothing is none, whatever it is
 * declared as: some clients declare a type all the same.
 */
export async function readParams(request: IncomingMessage, url: string): Promise<ParamObject> {
  const params = readQuery(url)
  const { 'content-length': length = '0', 'transfer-encoding': chunked } = request.headers
  if (Number(length) === 0 && chunked === undefined) return params
  return merge(params, await readJson(request))
}

function readJson(request: IncomingMessage): Promise<ParamObject> {
  return refusingProblems(async () => {
    checkMediaType(request)
    const bytes = await readBody(request, maxParamBytes)
    return bytes.length === 0 ? {} : parseParams(bytes)
  })
}

/** A JSON text as the object of parameters it must be. */
export const parseParams = (bytes: Buffer): ParamObject => ({ ...parseJsonBody(bytes).value })

/** Says what reading a body throws in the dialect's words. */
export async function refusingProblems<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw error instanceof Problem ? toRefusal(error) : error
  }
}

function toRefusal(problem: Problem): PlanomaticRefusal {
  if (problem.status === 415) {
    const attr = problem.code === 'content_encoding_not_supported' ? 'content-encoding' : 'content-type'
    return new PlanomaticRefusal('invalid-content-type', [{ attr, message: problem.message }])
  }
  if (problem.code === 'body_must_be_object') return new PlanomaticRefusal('no-params-decoded')
  if (problem.status === 422)
    return new PlanomaticRefusal(
      'invalid-param',
      problem.errors.map(({ pointer, message }) => toAttr(pointer, message)),
    )
  return new PlanomaticRefusal('invalid-encoded-params', [{ attr: 'body', message: problem.message }])
}

const toAttr = (pointer: string, message: string) => ({
  attr: pointer.slice(1).replaceAll('/', '.'),
  message,
})

/** No parameter has more; what is below it in a name says nothing. */
const mostSteps = 8

/** `page[size]=20` and `page.size=20` are the same parameter; `[]` at the end of a name means nothing more. */
function readQuery(url: string): ParamObject {
  const start = url.indexOf('?')
  const params: ParamObject = {}
  if (start < 0) return params
  const given = new URLSearchParams(url.slice(start + 1))
  for (const name of new Set(given.keys())) {
    const path = name.split(/[.[\]]+/, mostSteps).filter((step) => step !== '')
    const values = given.getAll(name)
    const list = listAt(path)
    if (list) put(params, list, (before) => [...before, ...elements(path, values)])
    else put(params, path, () => values.at(-1))
  }
  return params
}

const place = /^\d{1,4}$/

/** Where the list is that a name stands for or, as `statuses[0]` does, for an element of; undefined: it is no list. */
function listAt(path: readonly string[]): readonly string[] | undefined {
  const isElement = place.test(path.at(-1) ?? '')
  const list = isElement ? path.slice(0, -1) : path
  return lists.has(list.join('.')) ? list : undefined
}

/** What has a place of its own is one element, commas or not. */
function elements(path: readonly string[], values: readonly string[]): readonly string[] {
  if (place.test(path.at(-1) ?? '')) return values
  const between = path.join('.') === 'filters.endpoint' ? betweenUrls : ','
  return values.flatMap((value) => value.split(between))
}

function put(
  params: ParamObject,
  [name, ...rest]: readonly string[],
  value: (before: readonly unknown[]) => unknown,
): void {
  if (name === undefined || name === '__proto__') return
  if (rest.length === 0) {
    const before = params[name]
    params[name] = value(Array.isArray(before) ? before : [])
    return
  }
  const inner = isObject(params[name]) ? params[name] : {}
  params[name] = inner
  put(inner, rest, value)
}

function merge(below: ParamObject, above: ParamObject): ParamObject {
  const merged = { ...below }
  for (const [name, value] of Object.entries(above)) {
    const other = merged[name]
    merged[name] = isObject(other) && isObject(value) ? merge(other, value) : value
  }
  return merged
}

export const isObject = (value: unknown): value is ParamObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

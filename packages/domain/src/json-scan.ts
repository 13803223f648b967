/** A stretch of the scanned text: `text.slice(start, end)`. */
export type Span = { readonly start: number; readonly end: number }

export type ScanResult =
  | { readonly ok: true; readonly members: Map<string, Span> }
  | { readonly ok: false; readonly code: 'json_too_deep'; readonly offset: number }

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Finds where each member's value of the top-level object stands, so that it can be passed on byte for byte: parsing and
 * printing would round big numbers and lose the spacing. The last of two equal keys wins, as in JSON.parse. A text that is
 * no object has no members. The outermost object or array is depth 1; deeper than `maxDepth` ends the scan.
 *
 * It never throws and always ends, but does not validate: on malformed JSON, which JSON.parse refuses, members mean nothing.
 */
export function scanJson(text: string, { maxDepth }: { maxDepth: number }): ScanResult {
  return scanMembers(text, 0, maxDepth)
}

/** The members of the object that stands in the span; none when something else stands there. */
export function rawMembers(text: string, span: Span): Map<string, Span> {
  const scan = scanMembers(text, span.start, Infinity)
  return scan.ok ? scan.members : new Map<string, Span>()
}

/** Where each element of the array that stands in `start…end` is; none when something else stands there. */
export function rawElements(text: string, start: number, end: number): Span[] {
  const elements: Span[] = []
  let at = skipSpace(text, start)
  if (text.charCodeAt(at) !== OPEN_BRACKET) return elements
  at = skipSpace(text, at + 1)
  while (at < end && text.charCodeAt(at) !== CLOSE_BRACKET) {
    const elementEnd = skipValue(text, at, Infinity)
    elements.push({ start: at, end: elementEnd })
    at = skipSpace(text, elementEnd)
    if (text.charCodeAt(at) !== COMMA) break
    at = skipSpace(text, at + 1)
  }
  return elements
}

function scanMembers(text: string, from: number, maxDepth: number): ScanResult {
  const members = new Map<string, Span>()
  const open = skipSpace(text, from)
  if (text.charCodeAt(open) !== OPEN_BRACE) {
    const end = skipValue(text, open, maxDepth)
    return end < 0 ? { ok: false, code: 'json_too_deep', offset: ~end } : { ok: true, members }
  }
  if (maxDepth < 1) return { ok: false, code: 'json_too_deep', offset: open }
  let at = skipSpace(text, open + 1)
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at)
    const colon = skipSpace(text, keyEnd)
    const key = readKey(text, at, keyEnd)
    if (key === undefined || text.charCodeAt(colon) !== COLON) break
    const start = skipSpace(text, colon + 1)
    const end = skipValue(text, start, maxDepth - 1)
    if (end < 0) return { ok: false, code: 'json_too_deep', offset: ~end }
    members.set(key, { start, end })
    at = skipSpace(text, end)
    if (text.charCodeAt(at) !== COMMA) break
    at = skipSpace(text, at + 1)
  }
  return { ok: true, members }
}

/** The end of the value that starts at `at`, or `~offset` (negative) of the bracket that opens one level too many. */
function skipValue(text: string, at: number, maxDepth: number): number {
  const first = text.charCodeAt(at)
  if (first === QUOTE) return skipString(text, at)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipContainer(text, at, maxDepth)
  let end = at
  while (end < text.length && !endsScalar(text.charCodeAt(end))) end++
  return end
}

function skipContainer(text: string, at: number, maxDepth: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = skipString(text, i) - 1
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > maxDepth) return ~i
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (--depth === 0) return i + 1
    }
  }
  return text.length
}

/**
 * The index after the closing quote of the string that opens at `at`. A quote closes unless an odd number of
 * backslashes stands before it; looking for quotes is several times as fast as looking at every character.
 */
function skipString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let start = end
    while (text.charCodeAt(start - 1) === BACKSLASH) start--
    if ((end - start) % 2 === 0) return end + 1
  }
  return text.length
}

function skipSpace(text: string, at: number): number {
  let i = at
  while (isSpace(text.charCodeAt(i))) i++
  return i
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || isSpace(code)
}

function readKey(text: string, start: number, end: number): string | undefined {
  const inside = text.slice(start + 1, end - 1)
  if (!inside.includes('\\')) return inside
  try {
    return String(JSON.parse(text.slice(start, end)))
  } catch {
    return undefined
  }
}

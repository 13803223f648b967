const space = /[ \t\n\r]*/y
const string = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/**
 * The offset at which a text stops being JSON (RFC 8259): the first character that cannot stand there, or the length of
 * a text that ends too early. Slow and only for saying where: JSON.parse does not always tell.
 */
export function findJsonError(text: string): number {
  const end = skipValue(text, 0)
  return end.ok ? end.at : end.error
}

type Step = { ok: true; at: number } | { ok: false; error: number }

const failed = (error: number): Step => ({ ok: false, error })

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

const skipSpace = (text: string, at: number): number => match(space, text, at)

function skipString(text: string, at: number): Step {
  const end = match(string, text, at)
  if (end < 0) return failed(at)
  return text[end] === '"' ? { ok: true, at: end + 1 } : failed(end)
}

/** The space after a value belongs to it, so that what follows can be looked at directly. */
function skipValue(text: string, from: number): Step {
  const at = skipSpace(text, from)
  const first = text[at]
  const end =
    first === '"'
      ? skipString(text, at)
      : first === '{' || first === '['
        ? skipItems(text, at)
        : skipScalar(text, at)
  return end.ok ? { ok: true, at: skipSpace(text, end.at) } : end
}

function skipScalar(text: string, at: number): Step {
  const end = match(scalar, text, at)
  return end < 0 ? failed(at) : { ok: true, at: end }
}

function skipItems(text: string, open: number): Step {
  const close = text[open] === '{' ? '}' : ']'
  let at = skipSpace(text, open + 1)
  if (text[at] === close) return { ok: true, at: at + 1 }
  for (;;) {
    const item: Step = close === '}' ? skipMember(text, at) : skipValue(text, at)
    if (!item.ok) return item
    if (text[item.at] === close) return { ok: true, at: item.at + 1 }
    if (text[item.at] !== ',') return failed(item.at)
    at = skipSpace(text, item.at + 1)
  }
}

function skipMember(text: string, at: number): Step {
  const key = skipString(text, at)
  if (!key.ok) return key
  const colon = skipSpace(text, key.at)
  return text[colon] === ':' ? skipValue(text, colon + 1) : failed(colon)
}

const longest = 64

/** Input as it may be repeated in an answer: at most 64 characters, in quotes. */
export function quote(text: string): string {
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest - 1)}…` : text)
}

/** One step of a JSON Pointer (RFC 6901); long keys are cut, since they are input too. */
export function pointerStep(key: string | number): string {
  const text = String(key).replaceAll('~', '~0').replaceAll('/', '~1')
  return `/${text.length > longest ? `${text.slice(0, longest - 1)}…` : text}`
}

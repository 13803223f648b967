import { firstCharacters } from './first-characters.ts'

const longest = 64

/** Input as it may be repeated in an answer: at most 64 characters, in quotes. */
export function quote(text: string): string {
  return JSON.stringify(shortened(text))
}

/** One step of a JSON Pointer (RFC 6901); long keys are cut, since they are input too. */
export function pointerStep(key: string | number): string {
  return `/${shortened(String(key)).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function shortened(text: string): string {
  if (firstCharacters(text, longest) === text) return text
  return `${firstCharacters(text, longest - 1)}…`
}

import type { ParamReader } from '../param-reader.ts'

/** Control characters and halves of surrogate pairs: no text of a person, and nothing the database would take. */
const unfit = /[\p{Cc}\p{Cs}]/u
const maxLine = 255

/** A parameter that is one line of text. */
export function readLine(params: ParamReader, attr: string, max = maxLine): string | undefined {
  return checkLine(params, attr, params.text(attr), max)
}

/** The same for one that must be there; an empty text stands for one that is not. */
export function readRequiredLine(params: ParamReader, attr: string, max = maxLine): string {
  return checkLine(params, attr, params.required(attr), max) ?? ''
}

function checkLine(params: ParamReader, attr: string, text: string | undefined, max: number) {
  if (text !== undefined && text.length > max) params.invalid(attr, `longer than ${max} characters`)
  else if (text !== undefined && unfit.test(text)) params.invalid(attr, 'contains control characters')
  return text
}

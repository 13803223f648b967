import type { FieldProblem } from './problem.ts'
import { pointerStep } from './quote.ts'

const forbidden = new Set(['__proto__', 'constructor', 'prototype'])
const maxKeys = 50_000
const maxElements = 100_000

/** Any text that can hide a forbidden key or a NUL, be it behind an escape of an ASCII character. */
const suspicious = /\\u00|__proto__|constructor|prototype/
/** No shorter text holds 100,000 elements or 50,000 keys: `0,` and `"":0,` are the shortest. */
const longEnough = 200_000

/** The first forbidden key, NUL character or overlong list in a parsed body. Ordinary texts cost one search. */
export function checkTree(text: string, value: unknown): FieldProblem | undefined {
  return text.length >= longEnough || suspicious.test(text) ? checkValue(value) : undefined
}

// Pointers are put together on the way back from what was found: most bodies need none.
function checkValue(value: unknown): FieldProblem | undefined {
  if (typeof value === 'string') return value.includes('\0') ? nul : undefined
  if (typeof value !== 'object' || value === null) return undefined
  return Array.isArray(value)
    ? checkElements(value)
    : checkMembers(value as Readonly<Record<string, unknown>>)
}

function checkElements(elements: readonly unknown[]): FieldProblem | undefined {
  if (elements.length >= maxElements) return tooMany(`fewer than ${maxElements} elements`)
  for (let index = 0; index < elements.length; index += 1) {
    const found = checkValue(elements[index])
    if (found) return below(index, found)
  }
  return undefined
}

function checkMembers(object: Readonly<Record<string, unknown>>): FieldProblem | undefined {
  const keys = Object.keys(object)
  if (keys.length >= maxKeys) return tooMany(`fewer than ${maxKeys} keys`)
  for (const key of keys) {
    const found = checkKey(key) ?? checkValue(object[key])
    if (found) return below(key, found)
  }
  return undefined
}

function checkKey(key: string): FieldProblem | undefined {
  if (forbidden.has(key))
    return { pointer: '', code: 'forbidden_key', message: `The key ${key} is not allowed at any depth.` }
  return key.includes('\0') ? nul : undefined
}

const below = (step: string | number, found: FieldProblem): FieldProblem => ({
  ...found,
  pointer: pointerStep(step) + found.pointer,
})

const nul: FieldProblem = {
  pointer: '',
  code: 'nul_character',
  message: 'A text must not contain \\u0000.',
}

const tooMany = (limit: string): FieldProblem => ({
  pointer: '',
  code: 'too_many_items',
  message: `An object or array may have ${limit}.`,
})

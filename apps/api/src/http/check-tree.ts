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
  return text.length >= longEnough || suspicious.test(text) ? checkValue(value, '') : undefined
}

function checkValue(value: unknown, pointer: string): FieldProblem | undefined {
  if (typeof value === 'string') return value.includes('\0') ? nul(pointer) : undefined
  if (typeof value !== 'object' || value === null) return undefined
  return Array.isArray(value) ? checkElements(value, pointer) : checkMembers(value, pointer)
}

function checkElements(elements: unknown[], pointer: string): FieldProblem | undefined {
  if (elements.length >= maxElements) return tooMany(pointer, `fewer than ${maxElements} elements`)
  for (const [index, element] of elements.entries()) {
    const found = checkValue(element, pointer + pointerStep(index))
    if (found) return found
  }
  return undefined
}

function checkMembers(object: object, pointer: string): FieldProblem | undefined {
  const entries = Object.entries(object)
  if (entries.length >= maxKeys) return tooMany(pointer, `fewer than ${maxKeys} keys`)
  for (const [key, value] of entries) {
    const inner = pointer + pointerStep(key)
    if (forbidden.has(key))
      return { pointer: inner, code: 'forbidden_key', message: `The key ${key} is not allowed at any depth.` }
    const found = key.includes('\0') ? nul(inner) : checkValue(value, inner)
    if (found) return found
  }
  return undefined
}

const nul = (pointer: string): FieldProblem => ({
  pointer,
  code: 'nul_character',
  message: 'A text must not contain \\u0000.',
})

const tooMany = (pointer: string, limit: string): FieldProblem => ({
  pointer,
  code: 'too_many_items',
  message: `An object or array may have ${limit}.`,
})

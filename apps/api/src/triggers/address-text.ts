import { firstCharacters } from '../http/first-characters.ts'

type Json = Readonly<Record<string, unknown>>

const longest = 300
const placesOfAddress = [
  ['property', 'address'],
  ['property', 'location'],
  ['property_info', 'address'],
  ['address'],
]

/** The address of an order as one line of text, wherever its version of the order keeps it; null without one. */
export function addressText(order: unknown): string | null {
  for (const path of placesOfAddress) {
    let value = order
    for (const step of path) value = isObject(value) ? value[step] : undefined
    const text = typeof value === 'string' ? value : isObject(value) ? joined(value) : ''
    if (text.trim() !== '') return firstCharacters(text.trim(), longest)
  }
  return null
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function joined(address: Json): string {
  return Object.values(address)
    .filter((part) => (typeof part === 'string' && part.trim() !== '') || typeof part === 'number')
    .join(', ')
}

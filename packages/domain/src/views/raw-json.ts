import { rawElements, rawMembers } from '../json-scan.ts'
import type { Span } from '../json-scan.ts'

/** Names that need no escaping: all of our own, and nearly all of theirs. */
const PLAIN_NAME = /^\w+$/

/** An object inside a JSON text whose members can be copied byte for byte. */
export type RawObject = { readonly text: string; readonly members: ReadonlyMap<string, Span> }

/** Reads the object that is the whole text; without members when the text is something else. */
export function readRaw(text: string): RawObject {
  return { text, members: rawMembers(text, { start: 0, end: text.length }) }
}

/** The member's value exactly as it was written, or undefined. */
export function rawMember(object: RawObject, name: string): string | undefined {
  const span = object.members.get(name)
  return span && object.text.slice(span.start, span.end)
}

/** The member as an object; without members of its own when it is missing or something else. */
export function rawChild(object: RawObject, name: string): RawObject {
  const span = object.members.get(name)
  return { text: object.text, members: span ? rawMembers(object.text, span) : new Map<string, Span>() }
}

/** The member's elements as objects; none when it is missing or not an array. */
export function rawChildren(object: RawObject, name: string): RawObject[] {
  const span = object.members.get(name)
  if (!span) return []
  return rawElements(object.text, span.start, span.end).map((element) => ({
    text: object.text,
    members: rawMembers(object.text, element),
  }))
}

/**
 * Writes an object from names and ready JSON texts; a member without a text is left out. A plain loop, since this runs for
 * every delivery.
 */
export function writeObject(members: readonly (readonly [name: string, json: string | undefined])[]): string {
  let written = ''
  for (const [name, json] of members) {
    if (json === undefined) continue
    written += `${written === '' ? '' : ','}${PLAIN_NAME.test(name) ? `"${name}"` : JSON.stringify(name)}:${json}`
  }
  return `{${written}}`
}

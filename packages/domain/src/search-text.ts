/** Between the parts of a trigger's search text; neither a part nor a term holds it. */
const separator = '\u001F'

const beyondAscii = /[\u0080-\uFFFF]/
const firstLetter = 'A'.charCodeAt(0)

/** A text in which upper and lower case, and both ways to write an accented letter, are the same. */
export function foldText(text: string): string {
  if (!beyondAscii.test(text)) return text.toLowerCase()
  // A sigma at a word's end must not look different from the same letter within a longer text.
  return text.normalize('NFC').toLowerCase().replaceAll('ς', 'σ')
}

/**
 * A folded text in ASCII alone, of which a database's locale knows all there is to know: letters, cases, and with them
 * the words that a trigram index is made of. One text is within another exactly when the same is true of what is made of
 * them: each character beyond ASCII becomes five capital letters, and only the first of these is a Z.
 */
export function searchText(text: string): string {
  const folded = foldText(text).replaceAll(separator, ' ')
  return beyondAscii.test(folded)
    ? Array.from({ length: folded.length }, (_, i) => inAscii(folded, i)).join('')
    : folded
}

function inAscii(text: string, at: number): string {
  const code = text.charCodeAt(at)
  if (code < 0x80) return text.charAt(at)
  const digits = [12, 8, 4, 0].map((shift) => firstLetter + ((code >> shift) & 0xf))
  return `Z${String.fromCharCode(...digits)}`
}

/** What is searched of a trigger: its address, then its order's id. */
export function triggerSearchText(address: string | null, orderId: string | null): string {
  return `${searchText(address ?? '')}${separator}${searchText(orderId ?? '')}`
}

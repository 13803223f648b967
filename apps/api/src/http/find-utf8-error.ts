import { isUtf8 } from 'node:buffer'

/** The offset of the first byte that is not part of valid UTF-8. Only for bytes that are known to be invalid. */
export function findUtf8Error(bytes: Buffer): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    // A cut through a character is no error of its own: look at it from the character's first byte.
    if (isUtf8(bytes.subarray(0, startOfCharacter(bytes, middle)))) good = middle
    else bad = middle
  }
  return startOfCharacter(bytes, good)
}

/** Steps back over at most three continuation bytes (10xxxxxx) to where their character starts. */
function startOfCharacter(bytes: Buffer, at: number): number {
  let start = at
  for (let steps = 0; steps < 3 && start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80; steps += 1) start -= 1
  return start
}

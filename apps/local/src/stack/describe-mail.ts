/** A mail as one line for a person: whom it goes to and its subject. */
export function describeMail(to: readonly string[], mail: string): string {
  const [head = ''] = mail.split('\r\n\r\n', 1)
  const [, subject = ''] = /^subject:[ \t]*(.*)$/im.exec(head.replace(/\r\n(?=[ \t])/g, '')) ?? []
  return `Mail to ${to.join(', ')}: "${decodeWords(subject.trim())}"`
}

/** Encoded words of RFC 2047; blanks between two of them are no part of the text. */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_match, kind: string, word: string) =>
      (kind.toLowerCase() === 'b' ? Buffer.from(word, 'base64') : fromQuoted(word)).toString('utf8'),
    )
}

function fromQuoted(word: string): Buffer {
  const bytes = word
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_match, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}

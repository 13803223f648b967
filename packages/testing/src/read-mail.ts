/** A mail as an SMTP server got it, taken apart without the library that wrote it. */
export type ReceivedMail = {
  /** The envelope's. */
  from: string
  /** The envelope's: who gets it. */
  to: string[]
  /** By lower-case name, unfolded and decoded; of repeated ones the last. */
  headers: ReadonlyMap<string, string>
  subject: string
  text: string
  attachments: { filename: string; contentType: string; content: Buffer }[]
  raw: string
}

type Part = { headers: Map<string, string>; body: string }

export function readMail(raw: string, envelope: { from: string; to: string[] }): ReceivedMail {
  const whole = readPart(raw)
  const parts = leaves(whole)
  const attachments = parts.flatMap((part) => {
    const [, filename] = /filename="?([^";]+)/.exec(part.headers.get('content-disposition') ?? '') ?? []
    if (filename === undefined) return []
    const [contentType = ''] = (part.headers.get('content-type') ?? '').split(';')
    return [{ filename, contentType, content: decode(part) }]
  })
  const text = parts.find((part) => !part.headers.has('content-disposition'))
  return {
    ...envelope,
    headers: whole.headers,
    subject: whole.headers.get('subject') ?? '',
    text: text ? decode(text).toString('utf8').replaceAll('\r\n', '\n') : '',
    attachments,
    raw,
  }
}

function readPart(raw: string): Part {
  const end = raw.indexOf('\r\n\r\n')
  const head = end < 0 ? raw : raw.slice(0, end)
  const headers = new Map<string, string>()
  for (const line of head.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim()))
  }
  return { headers, body: end < 0 ? '' : raw.slice(end + 4) }
}

/** The part itself, or the parts of which a multipart is made. */
function leaves(part: Part): Part[] {
  const [, boundary] = /boundary="?([^";]+)/.exec(part.headers.get('content-type') ?? '') ?? []
  if (boundary === undefined) return [part]
  const pieces = `\r\n${part.body}`.split(`\r\n--${boundary}`).slice(1, -1)
  return pieces.flatMap((piece) => leaves(readPart(piece.replace(/^\r\n/, ''))))
}

function decode({ headers, body }: Part): Buffer {
  switch (headers.get('content-transfer-encoding')?.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64')
    case 'quoted-printable':
      return decodeQuoted(body.replace(/=\r\n/g, ''))
    default:
      return Buffer.from(body)
  }
}

const decodeQuoted = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_match, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  )

/** Encoded words of RFC 2047, in UTF-8. */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_match, kind: string, word: string) =>
      (kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64')
        : decodeQuoted(word.replaceAll('_', ' '))
      ).toString('utf8'),
    )
}

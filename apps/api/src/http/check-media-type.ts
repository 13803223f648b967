import type { IncomingMessage } from 'node:http'
import { problem } from './problem.ts'

/** Refuses what is not plain UTF-8 JSON by its headers (415). */
export function checkMediaType({ headers }: IncomingMessage): void {
  const type = headers['content-type']
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw problem('content_encoding_not_supported', 'Send the body uncompressed, without Content-Encoding.')
  if (type === 'application/json') return
  const [media = '', ...parameters] = (type ?? '').split(';').map((part) => part.trim().toLowerCase())
  if (media !== 'application/json')
    throw problem('unsupported_media_type', 'Send the body as Content-Type: application/json.')
  const charset = parameters.find((part) => part.startsWith('charset='))?.slice('charset='.length)
  if (charset !== undefined && !/^"?utf-?8"?$/.test(charset))
    throw problem('unsupported_charset', 'JSON is UTF-8: send charset=utf-8 or none.')
}

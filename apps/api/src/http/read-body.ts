import type { IncomingMessage } from 'node:http'
import { problem, type Problem } from './problem.ts'

/** The caller went away; there is nobody to answer. */
export class CallerGone extends Error {}

/** The whole body, never more than `limit` bytes of it. Refuses by Content-Length before reading anything. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) {
        request.removeAllListeners('data')
        request.pause()
        reject(tooLarge(limit))
      } else chunks.push(chunk)
    })
    request.once('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)),
    )
    request.once('error', (error) => reject(new CallerGone('the caller went away', { cause: error })))
    if (request.destroyed) reject(new CallerGone('the caller went away'))
  })
}

function tooLarge(limit: number): Problem {
  return problem('payload_too_large', `The body may have at most ${limit} bytes.`)
}

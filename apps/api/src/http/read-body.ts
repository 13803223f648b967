import type { IncomingMessage } from 'node:http'
import type { BodyPlace } from './create-body-room.ts'
import { problem, unavailable, type Problem } from './problem.ts'

/** The caller went away; there is nobody to answer. */
export class CallerGone extends Error {}

/**
 * The whole body, never more than `limit` bytes of it, nor more than there is room for. Refuses by Content-Length before
 * reading anything.
 */
export function readBody(request: IncomingMessage, limit: number, place?: BodyPlace): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) return Promise.reject(tooLarge(limit))
  if (place && !place.fits(announced)) return Promise.reject(tooManyBodies())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const refuse = (refusal: Problem) => {
      request.removeAllListeners('data')
      request.pause()
      reject(refusal)
    }
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limit) return refuse(tooLarge(limit))
      if (place && !place.fits(chunk.length)) return refuse(tooManyBodies())
      place?.take(chunk.length)
      chunks.push(chunk)
    })
    request.once('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)),
    )
    request.once('error', (error) => reject(new CallerGone('the caller went away', { cause: error })))
    if (request.destroyed) reject(new CallerGone('the caller went away'))
  })
}

const tooManyBodies = () =>
  unavailable('overloaded', 'Too many bodies come at once; nothing was stored. Please send this again.')

function tooLarge(limit: number): Problem {
  return problem('payload_too_large', `The body may have at most ${limit} bytes.`)
}

import type { DeliveryId } from '@waybill/domain'

/** One HTTP request as it is stored. Times in ms since 1970 on the database's clock; `ms` is how long it took. */
export type AttemptRow = {
  n: number
  revision: number
  sentAtMs: number
  ms: number
  code: number | null
  err: string | null
  bodyHash: Buffer
  signature: string | null
  /** JSON object text. */
  responseHeaders: string | null
  responseBody: Buffer | null
}

/**
 * The attempts' columns, one array each; byte strings travel as base64 text. The headers are one text, separated by
 * U+0001, which JSON text never holds raw, and empty where there are none: string_to_array(…, chr(1), '') reads it.
 */
export function attemptArrays(
  items: readonly { delivery: DeliveryId; generation: number; attempt: AttemptRow }[],
) {
  return {
    delivery: items.map((item) => item.delivery),
    n: items.map(({ attempt }) => attempt.n),
    generation: items.map((item) => item.generation),
    revision: items.map(({ attempt }) => attempt.revision),
    sentAtMs: items.map(({ attempt }) => attempt.sentAtMs),
    ms: items.map(({ attempt }) => attempt.ms),
    code: items.map(({ attempt }) => attempt.code),
    err: items.map(({ attempt }) => attempt.err),
    bodyHash: items.map(({ attempt }) => attempt.bodyHash.toString('base64')),
    signature: items.map(({ attempt }) => attempt.signature),
    responseHeaders: items.map(({ attempt }) => attempt.responseHeaders ?? '').join('\u0001'),
    responseBody: items.map(({ attempt }) => attempt.responseBody?.toString('base64') ?? null),
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Principal } from '@waybill/db'
import { createSemaphore } from '@waybill/runtime'
import { maxDepth, parseJsonBody } from '../http/parse-json-body.ts'
import { checkBatch, type CheckedBatch } from './check-batch.ts'

/** @param refuseLate throws when so much time has passed that the rest is not worth doing */
export type BatchReader = (
  bytes: Buffer,
  principal: Principal,
  nowMs: number,
  refuseLate: () => void,
) => Promise<CheckedBatch>

/**
 * Reads batch calls one after the other and in several turns of the event loop: a body of megabytes takes milliseconds, and
 * single triggers must not wait for more than one such piece of work.
 */
export function createBatchReader(): BatchReader {
  const oneAtATime = createSemaphore(1)
  return async (bytes, principal, nowMs, refuseLate) => {
    await oneAtATime.acquire()
    try {
      refuseLate()
      const body = parseJsonBody(bytes, maxDepth + 2)
      await nextTurn()
      return await checkBatch(body, principal, nowMs, nextTurn)
    } finally {
      oneAtATime.release()
    }
  }
}

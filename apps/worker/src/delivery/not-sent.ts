import type { Logger } from '@waybill/runtime'
import type { WorkerMetrics } from '../metrics.ts'

/** No request was made, for a reason of this process' own: that is no attempt, and the delivery is due as it was. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  readonly code: OwnFailure

  constructor(code: OwnFailure, message: string) {
    super(message)
    this.code = code
  }
}

/** Those of the sender's codes that say nothing about the endpoint. */
export type OwnFailure = 'sender_closed' | 'sender_exhausted'

export const isOwnFailure = (code: string): code is OwnFailure =>
  code === 'sender_closed' || code === 'sender_exhausted'

/** Tells of it, at most once a second, and resolves when it makes sense to try again. */
export type TellNotSent = (error: NotSent) => Promise<void>

/** How long who could not send keeps its slot, in ms, so that what is lacking is not asked for all the time. */
const pauseMs = 1_000
const tellEveryMs = 1_000

export function createTellNotSent(deps: {
  logger: Pick<Logger, 'error'>
  metrics: Pick<WorkerMetrics, 'notSent'>
  pause: (ms: number) => Promise<void>
  monotonic?: () => number
}): TellNotSent {
  const { logger, metrics, pause, monotonic: now = () => performance.now() } = deps
  let toldAt = -Infinity
  let untold = 0
  return async (error) => {
    metrics.notSent(error.code)
    untold += 1
    if (now() - toldAt >= tellEveryMs) {
      logger.error('delivery.not-sent', { code: error.code, times: untold, error })
      toldAt = now()
      untold = 0
    }
    await pause(pauseMs)
  }
}

import type { WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'
import { tellChanges } from './tell-changes.ts'

/**
 * Asks whether the queue would lose jobs, as it was asked at the start: a server takes another setting while it runs, and one
 * that was away then comes back with any. It tells each change once.
 */
export function watchQueue(
  { wakeUps, logger }: { wakeUps: Pick<WakeUps, 'problem'>; logger: Pick<Logger, 'warn' | 'info'> },
  show: (unsafe: boolean) => void,
): () => Promise<void> {
  const tell = tellChanges(
    (problem) => {
      show(true)
      logger.warn('queue.unsafe', { problem })
    },
    () => {
      show(false)
      logger.info('queue.mended', {})
    },
  )
  // Of a queue that is away nothing new is known, and others tell that.
  return () => wakeUps.problem().then(tell, () => undefined)
}

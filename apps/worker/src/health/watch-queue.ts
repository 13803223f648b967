import type { WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'

/**
 * Asks whether the queue would lose jobs, as it was asked at the start: a server takes another setting while it runs, and one
 * that was away then comes back with any. It tells each change once.
 */
export function watchQueue(
  { wakeUps, logger }: { wakeUps: Pick<WakeUps, 'problem'>; logger: Pick<Logger, 'warn' | 'info'> },
  show: (unsafe: boolean) => void,
): () => Promise<void> {
  let told: string | undefined
  const tell = (problem: string | undefined): void => {
    if (problem === told) return
    told = problem
    show(problem !== undefined)
    if (problem === undefined) logger.info('queue.mended', {})
    else logger.warn('queue.unsafe', { problem })
  }
  // Of a queue that is away nothing new is known, and others tell that.
  return () => wakeUps.problem().then(tell, () => undefined)
}

import type { Logger } from '@waybill/runtime'
import { tellChanges } from './tell-changes.ts'

/**
 * Asks whether the database still keeps what it commits, as it was asked at the start: such a setting can be switched off
 * under a running service, and nothing else would tell before the crash that loses something. It tells each change once.
 */
export function watchDurability(
  { ask, logger }: { ask: () => Promise<string | undefined>; logger: Pick<Logger, 'error' | 'info'> },
  show: (unsafe: boolean) => void,
): () => Promise<void> {
  const tell = tellChanges(
    (problem) => {
      show(true)
      logger.error('database.unsafe', { problem })
    },
    () => {
      show(false)
      logger.info('database.mended', {})
    },
  )
  // Of a database that is away nothing new is known, and others tell that.
  return () => ask().then(tell, () => undefined)
}

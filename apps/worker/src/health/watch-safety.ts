import type { Logger } from '@waybill/runtime'

export type Watched = {
  /** As the log names it. */
  name: 'queue' | 'database'
  /** What is wrong, in words; undefined: nothing is. */
  ask: () => Promise<string | undefined>
  show: (unsafe: boolean) => void
}

/**
 * Asks whether something is still set up so that it loses nothing, as it was asked at the start: a server takes another
 * setting while it runs, and one that was away then comes back with any. It tells each change once.
 */
export function watchSafety(
  { name, ask, show }: Watched,
  logger: Pick<Logger, 'warn' | 'info'>,
): () => Promise<void> {
  let told: string | undefined
  const tell = (problem: string | undefined): void => {
    if (problem === told) return
    told = problem
    show(problem !== undefined)
    if (problem === undefined) logger.info(`${name}.mended`, {})
    else logger.warn(`${name}.unsafe`, { problem })
  }
  // Of what is away nothing new is known, and others tell that.
  return () => ask().then(tell, () => undefined)
}

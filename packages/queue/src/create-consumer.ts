import { setTimeout as sleep } from 'node:timers/promises'
import { toError } from './limit-errors.ts'
import type { OnError } from './limit-errors.ts'
import type { QueueWorker } from './open-worker.ts'
import { QueueError } from './queue-error.ts'
import { withinDeadline } from './within-deadline.ts'

/** Takes jobs from one queue. */
export type Consumer = {
  start(): void
  pause(): Promise<void>
  running(): boolean
  close(deadlineMs: number): Promise<void>
}

const reopenAfterMs = 1_000
/** A server that refuses every fetch is asked again without a pause; so many errors in a second make one. */
const stormErrors = 20
const stormPauseMs = 1_000

/**
 * Keeps one worker alive. `open` is called again until the backend answered once (BullMQ gives up after a first failure);
 * from then on the worker reconnects by itself.
 */
export const createConsumer = (open: () => QueueWorker, onError: OnError): Consumer => {
  const closing = new AbortController()
  let worker: QueueWorker | undefined
  let state: 'idle' | 'opening' | 'open' = 'idle'
  let pausing: Promise<void> | undefined

  const report = (error: Error): void => {
    if (!closing.signal.aborted) onError(error)
  }

  const openUntilReady = async (): Promise<void> => {
    state = 'opening'
    while (!closing.signal.aborted) {
      try {
        worker = open()
        worker.on('error', report)
        calmStorms(worker, () => pausing === undefined && !closing.signal.aborted)
        await worker.waitUntilReady()
        state = 'open'
        if (!pausing && !closing.signal.aborted) run(worker, report)
        return
      } catch (error) {
        report(toError(error))
        await worker?.close().catch(report)
        await sleep(reopenAfterMs, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    }
  }

  const pause = (): Promise<void> => {
    pausing ??= worker && state === 'open' ? settle(worker) : Promise.resolve()
    return pausing
  }

  const close = async (deadlineMs: number): Promise<void> => {
    const started = performance.now()
    const left = (share: number): number => Math.max(0, deadlineMs * share - (performance.now() - started))
    const settled = withinDeadline(pause(), left(0.8))
    closing.abort()
    await settled.catch(() => onError(new QueueError('queue_close_forced', 'closed while jobs were running')))
    await withinDeadline(worker?.close() ?? Promise.resolve(), left(1)).catch(() => undefined)
  }

  let closed: Promise<void> | undefined
  return {
    start: () => {
      if (closing.signal.aborted) return
      const resuming = pausing !== undefined
      pausing = undefined
      if (state === 'idle') void openUntilReady()
      else if (state === 'open' && resuming && worker) run(worker, report)
    },
    pause,
    running: () => state === 'open' && pausing === undefined && !closing.signal.aborted,
    close: (deadlineMs) => (closed ??= close(deadlineMs)),
  }
}

/** Works for a worker that never ran as well as for one that is paused. */
const run = (worker: QueueWorker, onError: OnError): void => {
  const started = worker.isPaused() ? worker.resume() : worker.run()
  started.catch((error: unknown) => onError(toError(error)))
}

/** Stops fetching and waits for what runs. BullMQ waits only if it was not paused before, as a storm may have done. */
const settle = async (worker: QueueWorker): Promise<void> => {
  if (worker.isPaused()) await worker.resume()
  await worker.pause()
}

const calmStorms = (worker: QueueWorker, mayResume: () => boolean): void => {
  let errors = 0
  let since = 0
  worker.on('error', () => {
    const now = performance.now()
    if (now - since > 1_000) [errors, since] = [0, now]
    errors += 1
    if (errors !== stormErrors) return
    void worker.pause(true)
    setTimeout(() => {
      if (mayResume()) void worker.resume()
    }, stormPauseMs).unref()
  })
}

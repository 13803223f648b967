import { QueueError } from './queue-error.ts'

/**
 * The outcome of `work`, or a rejection with `queue_deadline` after `ms` milliseconds. The work itself is not
 * stopped. Needed because BullMQ leaves a command pending for ever on a server that was never there.
 */
export const withinDeadline = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new QueueError('queue_deadline', `no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}

import { z } from 'zod'

/** `fan-out` and `bulk`: a batch waits to be matched and sent. `drain`: a lane has deliveries due. */
export type QueueName = 'fan-out' | 'bulk' | 'drain'
export const queueNames: readonly QueueName[] = ['fan-out', 'bulk', 'drain']

/** One of something for each queue. */
export const mapQueues = <T>(make: (name: QueueName) => T): Record<QueueName, T> => ({
  'fan-out': make('fan-out'),
  bulk: make('bulk'),
  drain: make('drain'),
})

/** Bumped when an older worker must not touch a job. It leaves such a job alone; the row in Postgres still tells. */
const version = z.literal(1)

export const fanOutData = z.object({ v: version, batchId: z.int().positive() })
export const drainData = z.object({ v: version, subscriptionId: z.int().positive() })

export type FanOutData = z.infer<typeof fanOutData>
export type DrainData = z.infer<typeof drainData>

export type WakeUpJob = {
  queue: QueueName
  name: string
  data: FanOutData | DrainData
  /** `delay` in milliseconds. Of those that wait in a queue the lowest `priority` is taken first. */
  opts: { jobId: string; delay?: number; priority?: number }
}

/** BullMQ's own most is 2,097,152. */
const lastPriority = 1_000_000
const bucketMs = 500
/** A bucket is at least this part of the delay wide. */
const bucketsADelay = 8

/** BullMQ refuses ids of digits alone and ids with a colon: https://docs.bullmq.io/guide/jobs/job-ids. */
export const fanOutJobId = (batchId: number): string => `b-${batchId}`

/**
 * One id for all wake-ups of a lane that fall due within the same half second: BullMQ ignores an id that is still
 * waiting or running. `turn` makes the id unique, for a wake-up sent from within the running job of the same lane.
 *
 * The later, the wider the time they share, so that a lane whose deliveries all come again in hours holds some tens of jobs
 * and not one for each half second of them. The one that was first wakes the lane at its own time and then tells the next;
 * what is due before it is found by the sweep.
 */
export const drainJobId = (
  subscriptionId: number,
  dueAtMs: number,
  delayMs: number,
  turn?: string,
): string => {
  const width = 2 ** Math.max(0, Math.ceil(Math.log2(delayMs / bucketsADelay / bucketMs)))
  return [`l-${subscriptionId}-${width}-${Math.floor(dueAtMs / bucketMs / width)}`, turn]
    .filter(Boolean)
    .join('-')
}

/** `bulk`, for a batch that must not hold up others: the more, the later among its like. */
export const fanOutJob = (batchId: number, bulk?: number): WakeUpJob => ({
  queue: bulk === undefined ? 'fan-out' : 'bulk',
  name: 'batch',
  data: { v: 1, batchId },
  opts: { jobId: fanOutJobId(batchId), ...(bulk !== undefined && { priority: priorityOf(bulk) }) },
})

const priorityOf = (bulk: number): number => 1 + Math.min(lastPriority, Math.max(0, Math.floor(bulk)))

/** `delayMs` below zero or not a number means now; `now` in milliseconds since 1970. */
export const drainJob = (subscriptionId: number, delayMs: number, now: number, turn?: string): WakeUpJob => {
  const delay = delayMs > 0 ? Math.ceil(delayMs) : 0
  return {
    queue: 'drain',
    name: 'lane',
    data: { v: 1, subscriptionId },
    opts: { jobId: drainJobId(subscriptionId, now + delay, delay, turn), ...(delay > 0 && { delay }) },
  }
}

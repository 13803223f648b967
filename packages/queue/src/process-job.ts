import { faultPoint } from '@waybill/fault-points'
import { z } from 'zod'
import { toError } from './limit-errors.ts'
import type { OnError } from './limit-errors.ts'
import type { RawJob } from './open-worker.ts'
import { QueueError } from './queue-error.ts'

/**
 * The processor of a queue. It never throws: a failed job is worth nothing here, since what it stood for is a row in
 * Postgres, and BullMQ would keep its stack. Data of another version or of no known shape completes the job, untouched.
 */
export const processJob =
  <Data>(schema: z.ZodType<Data>, process: (data: Data) => Promise<void>, onError: OnError) =>
  async (job: RawJob): Promise<void> => {
    const parsed = schema.safeParse(job.data)
    try {
      if (parsed.success) await process(parsed.data)
      else onError(unreadable(job))
    } catch (error) {
      reportQuietly(onError, toError(error))
    }
    faultPoint('queue.job-processed')
  }

/** Names the job and its version, and quotes nothing of its data. */
const unreadable = ({ id, data }: RawJob): QueueError => {
  const versioned = z.object({ v: z.number() }).safeParse(data)
  const version = versioned.success ? `version ${versioned.data.v}` : 'no version'
  return new QueueError('queue_job_unreadable', `job ${id ?? 'without id'} left alone: ${version}`)
}

const reportQuietly = (onError: OnError, error: Error): void => {
  try {
    onError(error)
  } catch {
    // A logger that fails must not fail the job.
  }
}

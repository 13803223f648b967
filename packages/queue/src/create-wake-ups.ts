import { randomUUID } from 'node:crypto'
import { drainJob, fanOutJob } from './jobs.ts'
import type { QueueName, WakeUpJob } from './jobs.ts'
import { limitErrors, toError } from './limit-errors.ts'
import type { OnError } from './limit-errors.ts'
import { openPostgresProducer } from './open-postgres-producer.ts'
import { openRedisProducer } from './open-redis-producer.ts'
import type { Producer } from './producer.ts'
import type { QueueConfig } from './queue-config.ts'
import { QueueError } from './queue-error.ts'
import type { QueueCounts } from './queue-metrics.ts'
import { withinDeadline } from './within-deadline.ts'

/** The sending side. A wake-up is a hint: it may vanish, so sending one neither fails nor waits. */
export type WakeUps = {
  /** False while wake-ups are dropped because the backend is away. */
  ready(): boolean
  /** Says that a batch waits. `bulk` puts it into a queue of its own; the more, the later among those there. */
  fanOut(batchId: number, options?: { bulk?: number | undefined }): void
  /**
   * Says that a lane has something due in `delayMs` milliseconds. Wake-ups of a lane for the same half second are one, and
   * those of a longer delay for a longer time.
   * Pass `again` from within the lane's own drain: its running job would else swallow the wake-up.
   */
  drain(subscriptionId: number, delayMs: number, options?: { again?: boolean }): void
  /** Jobs per queue, whatever their state. Rejects with `queue_not_ready` or `queue_deadline`. */
  counts(): Promise<{ fanOut: number; bulk: number; drain: number }>
  /** The same by state, for gauges. */
  metrics(): Promise<Record<QueueName, QueueCounts>>
  /** What is wrong with the settings of the backend that runs, in words, or nothing. Rejects as `counts` does. */
  problem(): Promise<string | undefined>
  /** Whether the backend answered within `timeoutMs`. Never rejects. */
  ping(timeoutMs: number): Promise<boolean>
  /** Wake-ups that did not leave since the start: backend away, too many under way, or refused. */
  dropped(): number
  /** Gives what is under way a second to leave. Never rejects. */
  close(): Promise<void>
}

/** More wake-ups under way than this means the backend does not keep up; the sweep does. */
const maxUnderWay = 1_000
const addDeadlineMs = 5_000
const answerDeadlineMs = 2_000
const closeDeadlineMs = 1_000

/** Returns at once and reaches for the backend in the background, again and again until it is closed. */
export const createWakeUps = (config: QueueConfig, { onError }: { onError: OnError }): WakeUps => {
  const report = limitErrors(onError)
  const producer = openProducer(config, report)
  const underWay = new Map<string, Promise<void>>()
  const instance = randomUUID().slice(0, 8)
  let dropped = 0
  let turns = 0
  let closed = false

  const send = (job: WakeUpJob): void => {
    const { jobId } = job.opts
    if (underWay.has(jobId)) return
    if (closed || underWay.size >= maxUnderWay || !producer.ready()) {
      dropped += 1
      return
    }
    const sent = withinDeadline(producer.add(job), addDeadlineMs)
      .then(() => undefined)
      .catch((error: unknown) => {
        dropped += 1
        report(toError(error))
      })
      .finally(() => underWay.delete(jobId))
    underWay.set(jobId, sent)
  }

  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    if (closed || !producer.ready()) throw new QueueError('queue_not_ready', 'the queue is away')
    return await withinDeadline(question(), answerDeadlineMs)
  }
  const metrics = () => ask(() => producer.counts())

  return {
    ready: () => !closed && producer.ready(),
    fanOut: (batchId, options) => send(fanOutJob(batchId, options?.bulk)),
    drain: (subscriptionId, delayMs, options) => {
      const turn = options?.again === true ? `${instance}${(turns++).toString(36)}` : undefined
      send(drainJob(subscriptionId, delayMs, Date.now(), turn))
    },
    metrics,
    counts: async () => {
      const { 'fan-out': fanOut, bulk, drain } = await metrics()
      return { fanOut: total(fanOut), bulk: total(bulk), drain: total(drain) }
    },
    problem: () => ask(() => producer.problem()),
    ping: (timeoutMs) => answers(producer, timeoutMs),
    dropped: () => dropped,
    close: async () => {
      closed = true
      await withinDeadline(Promise.all(underWay.values()), closeDeadlineMs).catch(() => undefined)
      await withinDeadline(producer.close(), closeDeadlineMs).catch((error: unknown) =>
        report(toError(error)),
      )
    },
  }
}

const openProducer = (config: QueueConfig, onError: OnError): Producer =>
  config.backend === 'redis' ? openRedisProducer(config, onError) : openPostgresProducer(config, onError)

const total = ({ waiting, delayed, active }: QueueCounts): number => waiting + delayed + active

const answers = async (producer: Producer, timeoutMs: number): Promise<boolean> => {
  try {
    await withinDeadline(producer.ping(), timeoutMs)
    return true
  } catch {
    return false
  }
}

import type { QueueName } from './jobs.ts'

/** Jobs of one queue by state. `waiting` includes those with a priority. */
export type QueueCounts = { waiting: number; delayed: number; active: number }

type Countable = {
  getJobCounts(
    ...types: ('waiting' | 'prioritized' | 'delayed' | 'active')[]
  ): Promise<Record<string, number>>
}

/** One round trip. On Redis it reads four lengths; on Postgres it counts the rows of the queue. */
const queueMetrics = async (queue: Countable): Promise<QueueCounts> => {
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active')
  return {
    waiting: (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0),
    delayed: counts['delayed'] ?? 0,
    active: counts['active'] ?? 0,
  }
}

export const countsOf = async (
  queues: Record<QueueName, Countable>,
): Promise<Record<QueueName, QueueCounts>> => {
  const { 'fan-out': fanOut, bulk, drain } = queues
  const [first, second, third] = await Promise.all([
    queueMetrics(fanOut),
    queueMetrics(bulk),
    queueMetrics(drain),
  ])
  return { 'fan-out': first, bulk: second, drain: third }
}

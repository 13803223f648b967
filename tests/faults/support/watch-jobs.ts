import { setTimeout as pause } from 'node:timers/promises'
import { createWakeUps, type QueueConfig, type QueueCounts } from '@waybill/queue'
import { eventually } from '@waybill/testing'
import type { FaultContext } from './scenario.ts'

const everyMs = 500

/** Counts the jobs of all queues by state; rejects while the queue is away. */
export async function openJobCounts(
  { cleanUp }: Pick<FaultContext, 'cleanUp'>,
  queue: QueueConfig,
): Promise<() => Promise<QueueCounts>> {
  const wakeUps = createWakeUps(queue, { onError: () => {} })
  cleanUp(() => wakeUps.close())
  await eventually(() => wakeUps.ready())
  return async () => {
    const sum: QueueCounts = { waiting: 0, delayed: 0, active: 0 }
    for (const { waiting, delayed, active } of Object.values(await wakeUps.metrics())) {
      sum.waiting += waiting
      sum.delayed += delayed
      sum.active += active
    }
    return sum
  }
}

export const allJobs = ({ waiting, delayed, active }: QueueCounts): number => waiting + delayed + active

/** Looks twice a second how many jobs there are, until `stop`; a look that gets no answer does not count. */
export async function watchJobs(
  context: Pick<FaultContext, 'cleanUp'>,
  queue: QueueConfig,
): Promise<{ most(): number; looks(): number; stop(): Promise<void> }> {
  const countJobs = await openJobCounts(context, queue)
  const state = { most: 0, looks: 0, stopped: false }
  const look = async () => {
    const jobs = allJobs(await countJobs())
    state.most = Math.max(state.most, jobs)
    state.looks += 1
  }
  const watch = async () => {
    while (!state.stopped) {
      await look().catch(() => undefined)
      await pause(everyMs)
    }
  }
  const watching = watch()
  const stop = async () => {
    state.stopped = true
    await watching
  }
  context.cleanUp(stop)
  return { most: () => state.most, looks: () => state.looks, stop }
}

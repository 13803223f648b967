import {
  ensurePartitions,
  findForgottenBatches,
  findForgottenLanes,
  findHopeless,
  freeOwned,
  findOwned,
  findStrangers,
  releaseLane,
  retryDeadlocks,
  settleUnsent,
  takeOverDeadWorkers,
} from '@waybill/db'
import type { BatchId, SubscriptionId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import type { WorkerDeps } from '../deps.ts'

export type SweepDeps = Pick<WorkerDeps, 'sql' | 'lease' | 'held' | 'logger' | 'metrics' | 'config'> & {
  fanOut: (batch: BatchId, bulk: boolean) => Promise<void>
  drain: (subscription: SubscriptionId) => Promise<void>
}

/** Batches and lanes the sweep works through at once, so that it never crowds out the queue's own work. */
const atOnce = 8
/** How many new ones it looks for at a time. */
const page = 64

/**
 * Gives back what nobody works on: what dead workers owned, what this one has marked and not in its hands, and what cannot
 * be delivered any more. Apart from the sweep, which goes on for as long as there is a backlog. Every step is fenced, so any
 * number of workers may heal at once. Returns whether there is anything for the sweep to take up now.
 */
export async function heal(deps: SweepDeps): Promise<boolean> {
  const step = stepOf(deps)
  let freed = 0
  for (const [name, part] of Object.entries({
    unheld: freeUnheld,
    strangers: freeStrangers,
    dead: takeOver,
    hopeless: settleHopeless,
  }))
    freed +=
      (await step(
        name,
        retryDeadlocks(() => part(deps)),
      )) ?? 0
  return freed > 0
}

/**
 * Takes up everything the queue can forget, by running the same processors in this process: with the queue gone for
 * good, the sweep alone still delivers. Fenced as well.
 */
export async function sweep(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const { sql, logger, metrics } = deps
  faultPoint('sweep.begun')
  const step = stepOf(deps)
  const { sweepMs } = deps.config
  const findLanes = (limit: number) => findForgottenLanes(sql, Math.min(1_000, sweepMs), limit)
  const [batches, lanes] = await Promise.all([
    takeUpBatches(deps, signal, false),
    workThrough(signal, findLanes, (lane) => step('lane', deps.drain(lane))),
  ])
  if (batches + lanes > 0) faultPoint('sweep.healed')
  metrics.healed('batch', batches)
  metrics.healed('lane', lanes)
  if (batches + lanes > 0) logger.info('sweep.healed', { batches, lanes })
}

/**
 * Takes up bulk batches that the queue forgot. Apart from the sweep, which must come round again however long a flood takes:
 * they begin few at a time.
 */
export async function sweepBulk(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const batches = await takeUpBatches(deps, signal, true)
  if (batches === 0) return
  deps.metrics.healed('batch', batches)
  deps.logger.info('sweep.healed', { bulk: batches })
}

function takeUpBatches(deps: SweepDeps, signal: AbortSignal, bulk: boolean): Promise<number> {
  const step = stepOf(deps)
  const find = (limit: number) => findForgottenBatches(deps.sql, deps.config.sweepMs, limit, bulk)
  return workThrough(signal, find, (batch) => step('batch', deps.fanOut(batch, bulk)))
}

/** A step that fails must not keep the others from healing. */
const stepOf =
  ({ logger }: SweepDeps) =>
  <T>(name: string, work: Promise<T>): Promise<T | undefined> =>
    work.catch((error: unknown) => {
      logger.error('sweep.failed', { step: name, error })
      return undefined
    })

/**
 * Frees what the database says is this worker's but is not in its hands. The hands are looked at after the reading:
 * whatever was claimed before it is in them by then, and what is claimed later is not in the reading.
 */
async function freeUnheld({ sql, lease, held, logger }: SweepDeps): Promise<number> {
  const owned = await findOwned(sql, lease.worker)
  for (const id of held.batches.ids()) owned.batches.delete(id)
  for (const id of held.lanes.ids()) owned.lanes.delete(id)
  if (owned.batches.size + owned.lanes.size === 0) return 0
  const freed = await freeOwned(sql, lease.worker, owned)
  if (freed > 0) logger.warn('sweep.freed', { freed })
  return freed
}

/** Frees what belongs to workers that were removed while a claim of theirs was still under way. */
async function freeStrangers({ sql, logger }: SweepDeps): Promise<number> {
  let all = 0
  for (const stranger of await findStrangers(sql)) {
    const freed = await freeOwned(sql, stranger, await findOwned(sql, stranger))
    if (freed > 0) logger.warn('sweep.freed', { freed, stranger })
    all += freed
  }
  return all
}

/** Whoever has been silent too long loses what it owned, but only to one whose own heartbeats never paused. */
async function takeOver({ sql, lease, config, logger, metrics }: SweepDeps): Promise<number> {
  const { unseenMs } = config.lease
  if (lease.unbrokenForMs() < unseenMs) return 0
  const dead = await takeOverDeadWorkers(sql, lease.worker, unseenMs)
  if (dead.length > 0) faultPoint('sweep.taken-over')
  metrics.healed('worker', dead.length)
  if (dead.length > 0) logger.warn('worker.taken-over', { workers: dead })
  return dead.length
}

async function settleHopeless({ sql, logger, metrics }: SweepDeps): Promise<number> {
  const hopeless = await findHopeless(sql, 1_000)
  for (const reason of ['expired', 'subscription_deleted'] as const) {
    const items = hopeless.filter((item) => item.reason === reason)
    if (items.length === 0) continue
    const settled = await settleUnsent(sql, items, reason)
    metrics.healed('delivery', settled)
    logger.info('delivery.given-up', { reason, settled })
  }
  // Their lanes must not go on saying that something is due.
  for (const lane of new Set(hopeless.map((item) => item.subscription))) await releaseLane(sql, lane, null)
  return 0
}

/** Works through what `find` returns until a page brings nothing new; returns how many were worked on. */
async function workThrough<Id>(
  signal: AbortSignal,
  find: (limit: number) => Promise<Id[]>,
  work: (id: Id) => Promise<unknown>,
): Promise<number> {
  const seen = new Set<Id>()
  for (;;) {
    // What could not be finished may be found again in front of what is new.
    const fresh = (await find(page + seen.size)).filter((id) => !seen.has(id))
    if (fresh.length === 0 || signal.aborted) return seen.size
    for (let i = 0; i < fresh.length && !signal.aborted; i += atOnce) {
      const some = fresh.slice(i, i + atOnce)
      for (const id of some) seen.add(id)
      await Promise.all(some.map(work))
    }
  }
}

/** Keeps partitions ahead of the calendar. */
export async function tendPartitions({ sql, logger }: Pick<SweepDeps, 'sql' | 'logger'>): Promise<void> {
  const made = await ensurePartitions(sql)
  if (made > 0) logger.info('partition.made', { made })
}

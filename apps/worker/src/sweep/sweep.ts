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
 * Takes up the batches the queue can forget, by running the same processor in this process: with the queue gone for good,
 * the sweeps alone still deliver. Fenced as well. The three sweeps come round apart from each other, however long one of
 * them is at work: lanes that fill their turns after an outage, or a flood, which begins few at a time.
 */
export async function sweepBatches(deps: SweepDeps, signal: AbortSignal, bulk: boolean): Promise<void> {
  faultPoint('sweep.begun')
  const step = stepOf(deps)
  const find = (limit: number) => findForgottenBatches(deps.sql, deps.config.sweepMs, limit, bulk)
  const batches = await workThrough(signal, find, (batch) => step('batch', deps.fanOut(batch, bulk)))
  tellHealed(deps, 'batch', batches)
}

/** The same for lanes. */
export async function sweepLanes(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  faultPoint('sweep.begun')
  const step = stepOf(deps)
  const { sweepMs } = deps.config
  const find = (limit: number) => findForgottenLanes(deps.sql, Math.min(1_000, sweepMs), limit)
  const lanes = await workThrough(signal, find, (lane) => step('lane', deps.drain(lane)))
  tellHealed(deps, 'lane', lanes)
}

function tellHealed({ metrics, logger }: SweepDeps, what: 'batch' | 'lane', n: number): void {
  metrics.healed(what, n)
  if (n === 0) return
  faultPoint('sweep.healed')
  logger.info('sweep.healed', { what, n })
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
    const waiting = fresh.values()
    const takeNext = async () => {
      for (const id of waiting) {
        if (signal.aborted) return
        seen.add(id)
        await work(id)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, takeNext))
  }
}

/** Keeps partitions ahead of the calendar. */
export async function tendPartitions({ sql, logger }: Pick<SweepDeps, 'sql' | 'logger'>): Promise<void> {
  const made = await ensurePartitions(sql)
  if (made > 0) logger.info('partition.made', { made })
}

import {
  claimBatch,
  firstOccurrences,
  freeOwned,
  freezePlan,
  maxPlanLength,
  quarantineBatch,
  splitPlan,
  splitTriggers,
  type ClaimedBatch,
  type PlannedDelivery,
} from '@waybill/db'
import { idInBlock, type BatchId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import type { WorkerDeps } from '../deps.ts'
import { matchSubscriptions } from './match-subscriptions.ts'
import { isSent, pendingOutcome, unsentOutcome, type PlannedWork } from './first-outcome.ts'
import { partsOf } from './parts-of.ts'
import { plannedProfile } from './planned-profile.ts'
import { sendPlan } from './send-plan.ts'

export type FanOutDeps = Pick<
  WorkerDeps,
  | 'sql'
  | 'lease'
  | 'snapshot'
  | 'slots'
  | 'payloadRoom'
  | 'gate'
  | 'firstRecorder'
  | 'attempt'
  | 'notSent'
  | 'wakeUps'
  | 'logger'
  | 'held'
  | 'deactivate'
  | 'breakers'
  | 'pause'
  | 'bulkRuns'
  | 'busy'
>

/** Claims without a plan at which a batch is taken apart, and at which a single trigger is set aside. */
const takeApartAtRun = 4
const setAsideAtRun = 8

/** More possible deliveries than this are not planned at once: a batch's triggers are taken apart first. */
const maxMatches = 50_000

/**
 * Claim → match → freeze the plan → send. Resolves when every send has begun; what is open settles in the
 * background while the batch row stays. A re-run never sends: it leaves what was not recorded to the lanes.
 *
 * @param bulk it waits for its turn among those few that may begin at once
 */
export async function fanOutBatch(deps: FanOutDeps, id: BatchId, bulk: boolean): Promise<void> {
  faultPoint('fan-out.job-taken')
  // Held before anything is waited for: a second wake-up of the same batch must find it held, and what is this worker's
  // but not held is freed again by the sweep.
  const letGo = deps.held.batches.take(id)
  if (!letGo) return
  if (bulk) await deps.bulkRuns.acquire()
  else deps.busy.othersSend()
  try {
    if (!(await deps.gate.pass(bulk))) return letGo()
    const { settled } = await claimAndSend(deps, id)
    void settled.then(letGo, letGo)
  } catch (error) {
    letGo()
    throw error
  } finally {
    if (bulk) deps.bulkRuns.release()
  }
}

type Begun = { settled: Promise<unknown> }
const nothing: Begun = { settled: Promise.resolve() }

async function claimAndSend(deps: FanOutDeps, id: BatchId): Promise<Begun> {
  const startedAt = performance.now()
  const batch = await claimBatch(deps.sql, id, deps.lease.worker)
  if (!batch) return nothing
  faultPoint('fan-out.claimed')
  await deps.snapshot.ensure(batch.configVersion)
  if (!batch.triggers.every((trigger) => deps.snapshot.knows(trigger.integration)))
    return leaveToNewer(deps, batch)
  if (batch.frozen && batch.runs > 1) return leaveToLanes(deps, batch, batch.frozen)
  if (!batch.frozen && batch.runs >= takeApartAtRun && (await isolate(deps, batch))) return nothing
  const frozen = batch.frozen ?? (await plan(deps, batch))
  if (!frozen) return nothing
  faultPoint('fan-out.frozen')
  const { settled } = await sendPlan(deps, batch, toWork(deps, batch, frozen))
  const line = { batch: id, run: batch.runs, triggers: batch.triggers.length, deliveries: frozen.plan.length }
  return {
    settled: settled.then((tally) =>
      deps.logger.info('batch.settled', { ...line, ...tally, ms: Math.round(performance.now() - startedAt) }),
    ),
  }
}

/** A subscription of a kind this version does not know may match: given back, as if it had not been claimed. */
async function leaveToNewer({ sql, lease, logger }: FanOutDeps, { id, runs }: ClaimedBatch): Promise<Begun> {
  await freeOwned(sql, lease.worker, { batches: new Map([[id, runs]]), lanes: new Map() }, false)
  logger.info('batch.left-to-newer', { batch: id })
  return nothing
}

type Frozen = NonNullable<ClaimedBatch['frozen']>

async function plan(deps: FanOutDeps, batch: ClaimedBatch): Promise<Frozen | undefined> {
  if (batch.triggers.length > 1 && mostMatches(deps, batch) > maxMatches) {
    await takeApart(deps, batch)
    return undefined
  }
  const matched = await match(deps, batch)
  if (matched.length > maxPlanLength) {
    const parts = partsOf(batch, matched)
    const ids = await splitPlan(deps.sql, batch.id, deps.lease.worker, parts)
    const bulk = parts.filter((part) => part.bulk).length * maxPlanLength
    ids.forEach((id, i) => deps.wakeUps.fanOut(id, { bulk: parts[i]?.bulk ? bulk : undefined }))
    return undefined
  }
  const base = await freezePlan(deps.sql, batch.id, deps.lease.worker, matched)
  return base === undefined ? undefined : { base, plan: matched }
}

const mostMatches = ({ snapshot }: FanOutDeps, { triggers }: ClaimedBatch): number =>
  triggers.reduce((sum, one) => sum + snapshot.listening(one.integration, one.eventId).length, 0)

async function match({ sql, snapshot }: FanOutDeps, batch: ClaimedBatch): Promise<PlannedDelivery[]> {
  const duplicates = batch.triggers.filter((trigger) => trigger.duplicate).map((trigger) => trigger.id)
  const firstSeen = duplicates.length > 0 ? await firstOccurrences(sql, duplicates) : undefined
  return batch.triggers.flatMap((trigger) =>
    matchSubscriptions(
      trigger,
      trigger.id - batch.firstTrigger,
      snapshot.listening(trigger.integration, trigger.eventId),
      firstSeen?.get(trigger.id),
    ),
  )
}

function toWork({ snapshot }: FanOutDeps, batch: ClaimedBatch, { base, plan }: Frozen): PlannedWork[] {
  const triggers = new Map(batch.triggers.map((trigger) => [trigger.id - batch.firstTrigger, trigger]))
  return plan.map((planned, i) => {
    const trigger = triggers.get(planned.offset)
    const present = snapshot.byId(planned.subscription)
    if (!trigger || !present) throw new Error(`batch ${batch.id} plans what this worker does not know`)
    const subscriber = snapshot.inShapeOf(present, plannedProfile(present, trigger.eventId))
    return { delivery: idInBlock(base, i), planned, trigger, subscriber }
  })
}

/**
 * An earlier owner may have sent any of these; the lanes send them again, fenced. What the plan said not to send is
 * not sent now either.
 */
async function leaveToLanes(deps: FanOutDeps, batch: ClaimedBatch, frozen: Frozen): Promise<Begun> {
  const outcomes = toWork(deps, batch, frozen).map((work) =>
    isSent(work.planned) ? pendingOutcome(work, 1) : unsentOutcome(work),
  )
  faultPoint('fan-out.left-to-lanes')
  await deps.firstRecorder.record({ outcomes, finishes: batch.id })
  deps.logger.warn('batch.left-to-lanes', { batch: batch.id, run: batch.runs, deliveries: outcomes.length })
  return nothing
}

/**
 * A batch that ends its workers before it has a plan is narrowed down to the trigger that does it. True: the batch
 * is dealt with; false: it may be tried once more.
 */
async function isolate(deps: FanOutDeps, batch: ClaimedBatch): Promise<boolean> {
  const { worker } = deps.lease
  if (batch.triggers.length > 1) {
    const parts = await takeApart(deps, batch)
    deps.logger.warn('batch.taken-apart', { batch: batch.id, run: batch.runs, parts: parts.length })
    return true
  }
  if (batch.runs < setAsideAtRun) return false
  await quarantineBatch(deps.sql, batch.id, worker)
  deps.logger.error('batch.quarantined', { batch: batch.id, run: batch.runs })
  return true
}

async function takeApart({ sql, lease, wakeUps }: FanOutDeps, batch: ClaimedBatch): Promise<BatchId[]> {
  const parts = await splitTriggers(sql, batch.id, lease.worker)
  for (const part of parts) wakeUps.fanOut(part, { bulk: batch.bulk ? parts.length : undefined })
  return parts
}

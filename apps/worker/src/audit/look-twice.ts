import {
  inspectBatches,
  inspectBlocks,
  inspectDeliveries,
  inspectLanes,
  listWaitingKinds,
  scanDeliveries,
  scanDue,
  scanUndelivered,
  type AuditWindow,
  type MissingDeliveries,
  type StatusCount,
  type Violation,
} from '@waybill/db'
import { asDeliveryId, type DeliveryId } from '@waybill/domain'
import type { AuditDeps, AuditOptions } from './audit-ledger.ts'
import { findUnmatched, findUnmatchedAgain, maxUnmatched } from './find-unmatched.ts'

export type Found = Violation & { missing?: number }

export type FirstLook = {
  accepted: number
  counts: StatusCount[]
  violations: Found[]
  truncated: boolean
}

/** So many suspects of one sort are enough to tell that something is badly wrong. */
const maxInspected = 10_000
const maxBlocks = 1_000
const inspectedAtOnce = 500
const lanesAtOnce = 1_000

type Suspects = { deliveries: Set<DeliveryId>; blocks: Set<DeliveryId> }

/**
 * Goes through the ledger once. Counted and compared row by row is `window`; `whole` is searched for what is not settled
 * and has nothing that would send it, and all due rows, lanes and batches are looked at.
 */
export async function firstLook(
  deps: AuditDeps,
  whole: AuditWindow,
  window: AuditWindow,
  options: AuditOptions,
): Promise<FirstLook> {
  const suspects: Suspects = { deliveries: new Set(), blocks: new Set() }
  const goesOn = () => options.signal?.aborted !== true
  const { accepted, missing } = await findUnmatched(deps, window, options.rows, goesOn)
  const counts = await countPages(deps, window, options.rows, suspects, goesOn)
  if (whole.from < window.from) await searchUndelivered(deps, whole, options.rows, suspects, goesOn)
  await searchDue(deps, options.rows, suspects, goesOn)
  const found = await inspect(deps, suspects)
  const violations = [...found, ...missing, ...(await inspectBatches(deps.sql())), ...(await everyLane(deps))]
  const { deliveries, blocks } = suspects
  const truncated =
    deliveries.size > maxInspected || blocks.size > maxBlocks || missing.length >= maxUnmatched
  return { accepted, counts, violations, truncated }
}

/** Looks again at what the first look found; what it does not find again has passed by itself. */
export async function secondLook(
  deps: AuditDeps,
  violations: readonly Found[],
  window: AuditWindow,
): Promise<Found[]> {
  const ids = (subject: Violation['subject']) =>
    new Set(violations.filter((one) => one.subject === subject).map((one) => asDeliveryId(one.id)))
  const unmatched = violations.filter((one): one is MissingDeliveries => one.kind === 'matched_but_missing')
  const again: Found[] = [
    ...(await inspect(deps, { deliveries: ids('delivery'), blocks: ids('block') })),
    ...(await findUnmatchedAgain(deps, unmatched, window)),
    ...(await inspectBatches(deps.sql())),
  ]
  for (const id of ids('subscription')) again.push(...(await inspectLanes(deps.sql(), id - 1, 1)).violations)
  const key = ({ kind, id, subscription }: Violation) => `${kind} ${id} ${subscription}`
  const before = new Set(violations.map(key))
  return again.filter((one) => before.has(key(one)))
}

async function inspect(deps: AuditDeps, { deliveries, blocks }: Suspects): Promise<Found[]> {
  const ids = [...deliveries].slice(0, maxInspected)
  const found: Found[] = []
  for (let i = 0; i < ids.length; i += inspectedAtOnce)
    found.push(...(await inspectDeliveries(deps.sql(), ids.slice(i, i + inspectedAtOnce))))
  found.push(...(await inspectBlocks(deps.sql(), [...blocks].slice(0, maxBlocks))))
  return found
}

async function countPages(
  deps: AuditDeps,
  { from, to }: AuditWindow,
  rows: number,
  suspects: Suspects,
  goesOn: () => boolean,
): Promise<StatusCount[]> {
  const counts: StatusCount[] = []
  for (let at = from; at < to && goesOn();) {
    const page = await scanDeliveries(deps.sql(), { from: at, to }, rows)
    counts.push(...page.counts)
    for (const id of page.suspects) suspects.deliveries.add(id)
    for (const id of page.blocks) suspects.blocks.add(id)
    at = page.next
  }
  return counts
}

async function searchUndelivered(
  deps: AuditDeps,
  window: AuditWindow,
  rows: number,
  suspects: Suspects,
  goesOn: () => boolean,
): Promise<void> {
  for (let after: number | undefined = 0; after !== undefined && goesOn();) {
    const { next, kinds } = await listWaitingKinds(deps.sql(), window, after, lanesAtOnce)
    for (const kind of kinds) {
      for (let from: number | undefined = window.from; from !== undefined && goesOn();) {
        const page = await scanUndelivered(deps.sql(), { ...window, from }, kind, rows)
        for (const id of page.suspects) suspects.deliveries.add(id)
        from = page.next
      }
    }
    after = next
  }
}

async function searchDue(
  deps: AuditDeps,
  rows: number,
  suspects: Suspects,
  goesOn: () => boolean,
): Promise<void> {
  for (let after: number | undefined = 0; after !== undefined && goesOn();) {
    const page = await scanDue(deps.sql(), after, rows)
    for (const id of page.suspects) suspects.deliveries.add(id)
    after = page.next
  }
}

async function everyLane(deps: AuditDeps): Promise<Violation[]> {
  const found: Violation[] = []
  for (let after: number | undefined = 0; after !== undefined;) {
    const page = await inspectLanes(deps.sql(), after, lanesAtOnce)
    found.push(...page.violations)
    after = page.next
  }
  return found
}

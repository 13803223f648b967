import type { ViolationKind } from '@waybill/db'
import { profiles } from '@waybill/domain'
import { awayTime } from './checks/away-time.ts'
import { checkAudit } from './checks/check-audit.ts'
import { checkAttempts } from './checks/check-attempts.ts'
import { checkCalls } from './checks/check-calls.ts'
import { checkCanaries } from './checks/check-canaries.ts'
import { checkDuplicates } from './checks/check-duplicates.ts'
import { checkGaps } from './checks/check-gaps.ts'
import { checkNothingLost, checkTruth } from './checks/check-ledgers.ts'
import { checkOwnership } from './checks/check-ownership.ts'
import { checkVitals, usualCaps, vitalPeaks, type VitalCaps } from './checks/check-vitals.ts'
import { countDuplicates } from './checks/count-duplicates.ts'
import { excusedRequests, sumOf } from './checks/excused-requests.ts'
import type { Failures } from './checks/failures.ts'
import { readLedgers, type Ledgers } from './checks/read-ledgers.ts'
import type { FaultStack } from './fault-stack.ts'
import { quiesce } from './quiesce.ts'

/** One row of the table at the end. */
export type Finding = {
  accepted: number
  delivered: number
  lost: number
  duplicates: number
  /** How many duplicates were allowed. */
  bound: number
  recoverySeconds: number
  failures: Failures
  notes: string[]
  /** What the host would need for this fault to be injected. */
  needs?: string
}

export type JudgeOptions = {
  /** How many duplicates there may be, whatever died; default: what was in flight when workers died, 0 without a death. */
  bound?: number
  /** How many requests may be without an attempt; default: as many as `bound`, which is again what was in flight. */
  untold?: number
  /** How often each webhook-id may be delivered once more because a person asked for it. */
  asked?: ReadonlyMap<string, number>
  /** How long before a worker's death a request may have come that it did not record; see excusedRequests. */
  inFlightMs?: number
  /** Calls that may fail, see checkCalls. */
  calls?: { cut?: boolean; unavailable?: boolean }
  /** Of these subscriptions every accepted trigger has a delivery; default all. */
  complete?: readonly { id: number; facilities?: readonly string[] | undefined }[]
  timeoutMs?: number
  scheduleScale?: number
  /** How much later than its time an attempt may come beside what is allowed in every run, because of the fault, ms. */
  lateMs?: number
  /** At least this many requests must be retries; default 1 from 100 accepted triggers on. */
  retries?: number
  caps?: Partial<VitalCaps>
  /** C2 and C4 do not hold where answers are sent that no sender can get, C11 not where rows are made in SQL. */
  skip?: readonly ('C2' | 'C4' | 'C5' | 'C10' | 'C11')[]
  /** What the audit must tell, beside nothing else. */
  audit?: readonly ViolationKind[]
}

/** What an attempt may be late by, beside the jitter of its gap: a sweep and a second, as in production. */
const lateWithinMs = 6_000
const { gapsMs } = profiles.standard.schedule

/** Replays what the client does not know, waits until nothing is open, and compares the ledgers. */
export async function judge(stack: FaultStack, options: JudgeOptions = {}): Promise<Finding> {
  const { skip = [], timeoutMs = 90_000, caps } = options
  const failures: Failures = []
  const attempt = async (work: () => Promise<unknown>) =>
    work().catch((error: unknown) =>
      failures.push(`I7 ${error instanceof Error ? error.message : String(error)}`),
    )
  const startedAt = performance.now()
  await attempt(() => stack.client.replayUnknown(timeoutMs))
  await attempt(() => quiesce(stack.database.sql, { timeoutMs }))
  const recoverySeconds = (performance.now() - startedAt) / 1_000 - 0.8
  await stack.receiver.settled()
  const ledgers = await readLedgers(stack)
  const lost = checkNothingLost(ledgers, options.complete ?? stack.subscriptions)
  failures.push(
    ...lost,
    ...checkCalls(stack.client.calls, options.calls),
    ...checkCalls(stack.calls, { ...options.calls, others: true }),
    ...checkVitals(stack.watch.sights, { ...usualCaps, ...caps }),
    ...checkPace(ledgers, stack, options),
    ...(await checkOwnership(stack.database.sql)),
  )
  const { found, bound } = checkRequests(ledgers, options)
  failures.push(...found)
  if (!skip.includes('C11')) failures.push(...(await checkAudit(stack.database.sql, options.audit)))
  if (!skip.includes('C10')) failures.push(...(await checkCanaries(stack)))
  const accepted = stack.client.accepted().length
  if (accepted === 0) failures.push('C1 nothing was accepted: this run shows nothing')
  const retries = countRetries(ledgers)
  const wanted = options.retries ?? (accepted >= 100 ? 1 : 0)
  if (retries < wanted) failures.push(`C5 ${retries} requests were retries, fewer than ${wanted}`)
  return {
    accepted,
    delivered: ledgers.deliveries.filter(({ status }) => status === 'delivered').length,
    lost: countLost(lost),
    duplicates: countDuplicates(ledgers),
    bound,
    recoverySeconds,
    failures,
    notes: [`${retries} retries; ${vitalPeaks(stack.watch.sights)}`],
  }
}

/** C2, C3 and C4: what was sent, against what was recorded. */
function checkRequests(ledgers: Ledgers, options: JudgeOptions): { found: Failures; bound: number } {
  const { skip = [], bound, untold = bound, asked = new Map<string, number>() } = options
  const excused = excusedRequests(ledgers, options.inFlightMs)
  const byId = new Map(excused.good)
  for (const [id, n] of asked) byId.set(id, (byId.get(id) ?? 0) + n)
  const found = checkDuplicates(ledgers, bound === undefined ? { byId } : { total: bound })
  if (!skip.includes('C2')) found.push(...checkTruth(ledgers))
  const unrecorded = untold === undefined ? { byId: excused.all } : { total: untold }
  if (!skip.includes('C4')) found.push(...checkAttempts(ledgers, unrecorded, gapsMs.length + 1))
  return { found, bound: bound ?? sumOf(byId) }
}

/** C5: when it was sent. */
function checkPace(ledgers: Ledgers, { watch }: FaultStack, options: JudgeOptions): Failures {
  const { skip = [], scheduleScale = 0.02, lateMs = 0 } = options
  if (skip.includes('C5')) return []
  return checkGaps(ledgers, {
    gapsMs: gapsMs.map((gap) => gap * scheduleScale),
    slackMs: lateWithinMs + lateMs,
    awayMs: (fromMs, toMs) => awayTime(watch.sights, fromMs, toMs),
  })
}

const countRetries = ({ received }: Ledgers): number => received.filter(({ n }) => n > 1).length

const countLost = (failures: Failures): number =>
  failures
    .filter((text) => text.startsWith('C1'))
    .reduce((sum, text) => sum + Number(/: (\d+),/.exec(text)?.[1] ?? 1), 0)

/** Notes what else had to hold, unless it did. */
export function mustHold(finding: Finding, holds: boolean, what: string): void {
  if (!holds) finding.failures.push(what)
}

/** For a fault that this host cannot inject. */
export const needsOf = (needs: string): Finding => ({
  accepted: 0,
  delivered: 0,
  lost: 0,
  duplicates: 0,
  bound: 0,
  recoverySeconds: 0,
  failures: [],
  notes: [],
  needs,
})

import { profiles } from '@waybill/domain'
import { checkCalls } from './checks/check-calls.ts'
import { checkCanaries } from './checks/check-canaries.ts'
import {
  checkAttempts,
  checkDuplicates,
  checkGaps,
  checkNothingLost,
  checkTruth,
  countDuplicates,
  countUntoldRequests,
  type Failures,
} from './checks/check-ledgers.ts'
import { checkOwnership } from './checks/check-ownership.ts'
import { goodArrivals, readLedgers, type Ledgers } from './checks/read-ledgers.ts'
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
  /** Duplicates that the deaths of workers allow; 0 without one. */
  bound?: number
  /** Requests that may be without an attempt; default: as many as `bound`. */
  untold?: number
  /** Calls that may fail, see checkCalls. */
  calls?: { cut?: boolean; unavailable?: boolean }
  /** Of these subscriptions every accepted trigger has a delivery; default all. */
  complete?: readonly { id: number }[]
  timeoutMs?: number
  scheduleScale?: number
  /** C2 and C4 do not hold where answers are sent that no sender can get. */
  skip?: readonly ('C2' | 'C4' | 'C5' | 'C10')[]
}

/** Replays what the client does not know, waits until nothing is open, and compares the ledgers. */
export async function judge(stack: FaultStack, options: JudgeOptions = {}): Promise<Finding> {
  const { bound = 0, skip = [], timeoutMs = 90_000 } = options
  const failures: Failures = []
  const attempt = async (work: () => Promise<unknown>) =>
    work().catch((error: unknown) =>
      failures.push(`I7 ${error instanceof Error ? error.message : String(error)}`),
    )
  const startedAt = performance.now()
  // Before the replay: these are the calls of the fault itself.
  failures.push(...checkCalls(stack.client.calls, options.calls))
  await attempt(() => stack.client.replayUnknown(timeoutMs))
  await attempt(() => quiesce(stack.database.sql, { timeoutMs }))
  const recoverySeconds = (performance.now() - startedAt) / 1_000 - 0.8
  await stack.receiver.settled()
  const ledgers = await readLedgers(stack)
  const lost = checkNothingLost(ledgers, options.complete ?? stack.subscriptions)
  failures.push(...lost, ...checkDuplicates(ledgers, bound), ...(await checkOwnership(stack.database.sql)))
  if (!skip.includes('C2')) failures.push(...checkTruth(ledgers))
  if (!skip.includes('C4')) failures.push(...checkAttempts(ledgers, options.untold ?? bound))
  if (!skip.includes('C5')) failures.push(...checkGaps(ledgers, gaps(options.scheduleScale ?? 0.02)))
  if (!skip.includes('C10')) failures.push(...(await checkCanaries(stack)))
  return {
    accepted: stack.client.accepted().length,
    delivered: ledgers.deliveries.filter(({ status }) => status === 'delivered').length,
    lost: countLost(lost),
    duplicates: countDuplicates(ledgers),
    bound,
    recoverySeconds,
    failures,
    notes: [],
  }
}

const gaps = (scale: number): number[] => profiles.standard.schedule.gapsMs.map((gap) => gap * scale)

const countLost = (failures: Failures): number =>
  failures
    .filter((text) => text.startsWith('C1'))
    .reduce((sum, text) => sum + Number(/: (\d+),/.exec(text)?.[1] ?? 1), 0)

/** What the death of all workers leaves untold. */
export type Untold = {
  /** Deliveries answered 2xx and not recorded as delivered: each may come once more. */
  deliveries: number
  /** Requests without an attempt, over the whole life of the stack. */
  requests: number
}

/** Counts it, once everything the dead sent has arrived. */
export async function countUntold(stack: FaultStack): Promise<Untold> {
  await stack.receiver.settled()
  const ledgers = await readLedgers(stack)
  return { deliveries: undelivered(ledgers), requests: countUntoldRequests(ledgers) }
}

function undelivered({ received, deliveries }: Ledgers): number {
  const delivered = new Set(deliveries.filter(({ status }) => status === 'delivered').map(({ uuid }) => uuid))
  return [...goodArrivals(received).keys()].filter((id) => !delivered.has(id)).length
}

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

import type { ReceivedLine } from '../receiver-types.ts'
import { failuresOf, type Failures } from './failures.ts'
import { isGood, type Ledgers, type StoredAttempt } from './read-ledgers.ts'

export type GapRules = {
  /** The scaled schedule; its last gap stands for all later ones. */
  gapsMs: readonly number[]
  /** How much later than its time an attempt may come, beside jitter and what `awayMs` says. */
  slackMs: number
  /** For how long nobody could send between two moments (wall clock, ms). */
  awayMs: (fromMs: number, toMs: number) => number
}

/** The largest part of a gap that is added by chance. */
const jitter = 0.2

/** A request with the attempt that tells of it. */
type Told = { line: ReceivedLine; attempt: StoredAttempt }

/**
 * C5: no attempt comes before its time and none long after it, by the receiver's monotonic clock. Left out are deliveries
 * with a request that nobody recorded, since a death moves no schedule; and what a person asked for has no schedule.
 */
export function checkGaps(ledgers: Ledgers, rules: GapRules): Failures {
  const early: string[] = []
  const late: string[] = []
  for (const { told, failuresBefore } of follow(ledgers)) {
    for (const [i, { line, attempt }] of told.entries()) {
      const before = told[i - 1]
      if (!before || before.attempt.generation !== attempt.generation) continue
      const failures = failuresBefore(attempt)
      if (failures === 0) continue
      const gap = rules.gapsMs[Math.min(failures, rules.gapsMs.length) - 1] ?? 0
      const took = line.mono - before.line.mono
      const name = `${line.id} ${took} of ${gap} ms`
      // Times are whole milliseconds.
      if (Math.max(took, sentApart(attempt, before.attempt)) < gap - 2) early.push(name)
      if (attempt.n === before.attempt.n + 1 && isLate({ line, attempt }, before, gap, rules)) late.push(name)
    }
  }
  return [...failuresOf('C5 too early', early), ...failuresOf('C5 too late', late)]
}

/** A request that nobody answered may have come long after it was sent. By the attempts' own times, ms. */
function sentApart(attempt: StoredAttempt, before: StoredAttempt): number {
  if (before.code !== null || before.sentAtMs === null || attempt.sentAtMs === null) return 0
  return attempt.sentAtMs - before.sentAtMs
}

/** The gap begins when the attempt before it ends. */
function isLate({ line }: Told, before: Told, gap: number, { slackMs, awayMs }: GapRules): boolean {
  const idleMs = line.mono - before.line.mono - (before.attempt.ms ?? 0)
  const mostMs = gap * (1 + jitter) + slackMs
  return idleMs > mostMs && idleMs > mostMs + awayMs(before.line.at, line.at)
}

type Followed = { told: Told[]; failuresBefore: (attempt: StoredAttempt) => number }

/** Deliveries each request of which is told of by one attempt. */
function* follow({ attempts, received }: Ledgers): Generator<Followed> {
  const attemptsOf = groupBy(attempts, ({ uuid }) => uuid)
  for (const [id, lines] of groupBy(received, (line) => line.id)) {
    const all = (attemptsOf.get(id) ?? []).filter(({ err }) => err !== 'unknown')
    const answered = all.filter(({ code }) => code !== null)
    // Where nothing answered, each attempt is a request only if none failed before it left.
    const tellers = [answered, all].find((list) => list.length === lines.length)
    if (!tellers) continue
    const failuresBefore = ({ n, generation }: StoredAttempt) =>
      all.filter(
        (one) => one.n < n && one.generation === generation && (one.code === null || !isGood(one.code)),
      ).length
    const told = lines.flatMap((line, i) => {
      const attempt = tellers[i]
      return attempt ? [{ line, attempt }] : []
    })
    yield { told, failuresBefore }
  }
}

function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) {
    const group = groups.get(keyOf(one))
    if (group) group.push(one)
    else groups.set(keyOf(one), [one])
  }
  return groups
}

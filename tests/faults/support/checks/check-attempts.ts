import { failuresOf, type Failures } from './failures.ts'
import { untoldRequests } from './excused-requests.ts'
import type { Ledgers } from './read-ledgers.ts'

/** `byId`: how many requests of each webhook-id may have no attempt; `total`: how many in all. */
export type UntoldBound = { byId: ReadonlyMap<string, number> } | { total: number }

/** Deaths of its worker after which a delivery is set aside. */
const crashCap = 5

/**
 * C4 and I5: the answered attempts are the requests the receiver answered, but for those that `unrecorded` allows, their
 * numbers follow each other, and there are no more of them than the schedule and the deaths allow.
 *
 * @param maxTries the longest schedule's attempts
 */
export function checkAttempts(ledgers: Ledgers, unrecorded: UntoldBound, maxTries: number): Failures {
  const untold = untoldRequests(ledgers).all
  const n = [...untold.values()].reduce((sum, one) => sum + one, 0)
  const tooMany =
    'total' in unrecorded
      ? n > unrecorded.total
        ? [`C4 ${n} requests without an attempt, at most ${unrecorded.total} are allowed`]
        : []
      : failuresOf(
          'C4 requests without an attempt and without a death that explains it',
          [...untold].filter(([id, one]) => one > (unrecorded.byId.get(id) ?? 0)).map(([id]) => id),
        )
  return [
    ...failuresOf('C4 recorded, but never received', invented(ledgers)),
    ...tooMany,
    ...numbering(ledgers),
    ...tries(ledgers, maxTries + crashCap),
  ]
}

function invented({ attempts, received }: Ledgers): string[] {
  const left = new Map<string, number>()
  for (const { id, status } of received) left.set(`${id} ${status}`, (left.get(`${id} ${status}`) ?? 0) + 1)
  return attempts.flatMap(({ uuid, code }) => {
    if (code === null) return []
    const n = left.get(`${uuid} ${code}`) ?? 0
    left.set(`${uuid} ${code}`, n - 1)
    return n > 0 ? [] : [`${uuid} ${code}`]
  })
}

/** The attempts of a delivery are numbered 1, 2, 3, … */
function numbering({ attempts }: Ledgers): Failures {
  const next = new Map<string, number>()
  const wrong = attempts.filter(({ uuid, n }) => {
    const expected = (next.get(uuid) ?? 0) + 1
    next.set(uuid, n)
    return n !== expected
  })
  return failuresOf(
    'C4 attempts whose numbers do not follow each other',
    wrong.map(({ uuid, n }) => `${uuid} ${n}`),
  )
}

function tries({ attempts }: Ledgers, most: number): Failures {
  const counts = new Map<string, number>()
  for (const { uuid, generation } of attempts)
    counts.set(`${uuid}/${generation}`, (counts.get(`${uuid}/${generation}`) ?? 0) + 1)
  return failuresOf(
    `I5 more than ${most} attempts`,
    [...counts].filter(([, n]) => n > most).map(([key, n]) => `${key} ${n}`),
  )
}

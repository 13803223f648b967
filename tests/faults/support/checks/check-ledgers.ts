import { goodArrivals, isGood, type Ledgers } from './read-ledgers.ts'

/** What a check found wrong, in words; none: it holds. */
export type Failures = string[]

/** Statuses in which a delivery may rest, and the reasons for resting in `failed`. */
const atRest = new Set([
  'delivered',
  'skipped',
  'duplicated',
  'ignored_failed',
  'ignored_skipped',
  'ignored_duplicated',
])

/** At most this many examples are named of each kind of failure. */
const examples = 5
const some = (what: string, list: readonly string[]): Failures =>
  list.length === 0 ? [] : [`${what}: ${list.length}, such as ${list.slice(0, examples).join(', ')}`]

/** C1 and I1, I3: everything accepted is stored once, has a delivery for every subscription, and each one ended. */
export function checkNothingLost(ledgers: Ledgers, subscriptions: readonly { id: number }[]): Failures {
  const delivered = new Set(ledgers.deliveries.map((one) => `${one.trigger}/${one.subscription}`))
  const accepted = ledgers.intents.filter((intent) => intent.state === 'accepted')
  const stored = (order: string) => ledgers.triggers.get(order) ?? []
  const notStored = accepted.filter(
    ({ order, ids }) => !stored(order).includes(ledgers.triggerOf([...ids][0] ?? '')),
  )
  const missing = accepted.flatMap(({ order }) =>
    stored(order).flatMap((trigger) =>
      subscriptions.filter(({ id }) => !delivered.has(`${trigger}/${id}`)).map(({ id }) => `${order}→${id}`),
    ),
  )
  const open = ledgers.deliveries.filter(
    ({ status, err }) => !atRest.has(status) && !(status === 'failed' && err),
  )
  const orders = new Set(ledgers.intents.map(({ order }) => order))
  return [
    ...some(
      'C1 accepted and not stored',
      notStored.map(({ order }) => order),
    ),
    ...some('C1 stored without its delivery', missing),
    ...some(
      'C1 neither delivered nor given up',
      open.map(({ uuid, status }) => `${uuid} ${status}`),
    ),
    ...some(
      'I3 one key, several ids',
      accepted.filter(({ ids }) => ids.size > 1).map(({ key }) => key),
    ),
    ...some(
      'I3 one order, several triggers',
      [...orders].filter((order) => stored(order).length > 1),
    ),
    ...some(
      'I3 refused and stored all the same',
      ledgers.intents
        .filter(({ state, order }) => state === 'rejected' && stored(order).length > 0)
        .map(({ key }) => key),
    ),
    ...some('I3 received, known to nobody', ghosts(ledgers)),
  ]
}

function ghosts({ received, deliveries }: Ledgers): string[] {
  const known = new Set(deliveries.map(({ uuid }) => uuid))
  return [...new Set(received.map(({ id }) => id))].filter((id) => !known.has(id))
}

/** C2 and I2: delivered is what the receiver answered 2xx, and nothing else. */
export function checkTruth({ deliveries, received }: Ledgers): Failures {
  const arrivals = goodArrivals(received)
  const claimed = deliveries.filter(({ status, uuid }) => status === 'delivered' && !arrivals.has(uuid))
  const denied = deliveries.filter(({ status, uuid }) => status !== 'delivered' && arrivals.has(uuid))
  return [
    ...some(
      'C2 delivered, but never answered 2xx',
      claimed.map(({ uuid }) => uuid),
    ),
    ...some(
      'C2 answered 2xx, but not delivered',
      denied.map(({ uuid, status }) => `${uuid} ${status}`),
    ),
  ]
}

/** Arrivals answered 2xx beyond the first of each webhook-id. */
export const countDuplicates = ({ received }: Ledgers): number =>
  [...goodArrivals(received).values()].reduce((sum, n) => sum + n - 1, 0)

/** C3 and I4: no more duplicates than `bound`, each with the bytes of the first, all of them signed. */
export function checkDuplicates(ledgers: Ledgers, bound: number): Failures {
  const duplicates = countDuplicates(ledgers)
  const hashes = new Map<string, string>()
  const changed = ledgers.received.filter(({ id, hash }) => {
    const first = hashes.get(id) ?? hash
    hashes.set(id, first)
    return first !== hash
  })
  return [
    ...(duplicates > bound ? [`C3 ${duplicates} duplicates, at most ${bound} are allowed`] : []),
    ...some(
      'I4 other bytes under the same webhook-id',
      changed.map(({ id }) => id),
    ),
    ...some(
      'I4 not signed',
      ledgers.received.filter(({ signed }) => !signed).map(({ id }) => id),
    ),
  ]
}

/** C4 and I5: the answered attempts are the requests the receiver answered; `unrecorded` of those may be missing. */
export function checkAttempts(ledgers: Ledgers, unrecorded: number): Failures {
  const { invented, untold } = compareAttempts(ledgers)
  return [
    ...some('C4 recorded, but never received', invented),
    ...(untold > unrecorded
      ? [`C4 ${untold} requests without an attempt, at most ${unrecorded} are allowed`]
      : []),
  ]
}

/** Requests that were answered and have no attempt. */
export const countUntoldRequests = (ledgers: Ledgers): number => compareAttempts(ledgers).untold

function compareAttempts({ attempts, received }: Ledgers): { invented: string[]; untold: number } {
  const key = (id: string, status: number) => `${id} ${status}`
  const left = new Map<string, number>()
  for (const { id, status } of received)
    if (status > 0) left.set(key(id, status), (left.get(key(id, status)) ?? 0) + 1)
  const invented: string[] = []
  for (const { uuid, code } of attempts) {
    if (code === null) continue
    const n = left.get(key(uuid, code)) ?? 0
    if (n === 0) invented.push(key(uuid, code))
    else left.set(key(uuid, code), n - 1)
  }
  return { invented, untold: [...left.values()].reduce((sum, n) => sum + n, 0) }
}

/**
 * C5: no attempt comes before its time, by the receiver's monotonic clock. `gapsMs` is the scaled schedule; its last gap
 * stands for all later ones. Left out are deliveries with a request that nobody recorded: a death moves no schedule.
 */
export function checkGaps(ledgers: Ledgers, gapsMs: readonly number[]): Failures {
  const recorded = countBy(ledgers.attempts.filter(({ code }) => code !== null).map(({ uuid }) => uuid))
  const received = countBy(ledgers.received.map(({ id }) => id))
  const early: string[] = []
  const last = new Map<string, { mono: number; failures: number }>()
  for (const { id, mono, status } of ledgers.received) {
    const before = last.get(id)
    last.set(id, { mono, failures: (before?.failures ?? 0) + (isGood(status) ? 0 : 1) })
    if (!before || before.failures === 0 || recorded.get(id) !== received.get(id)) continue
    const gap = gapsMs[Math.min(before.failures, gapsMs.length) - 1] ?? 0
    // Times are whole milliseconds.
    if (mono - before.mono < gap - 2) early.push(`${id} ${mono - before.mono} of ${gap} ms`)
  }
  return some('C5 too early', early)
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

import { matchesFacility } from '../matches-facility.ts'
import { failuresOf, type Failures } from './failures.ts'
import { goodArrivals, type Ledgers } from './read-ledgers.ts'

/** Statuses in which a delivery may rest, and the reasons for resting in `failed`. */
const atRest = new Set([
  'delivered',
  'skipped',
  'duplicated',
  'ignored_failed',
  'ignored_skipped',
  'ignored_duplicated',
])

type Listening = { id: number; facilities?: readonly string[] | undefined }

/**
 * C1 and I1, I3: everything accepted is stored once, has a delivery for every subscription it is for and no other, and
 * each one ended.
 */
export function checkNothingLost(ledgers: Ledgers, subscriptions: readonly Listening[]): Failures {
  const delivered = new Set(ledgers.deliveries.map((one) => `${one.trigger}/${one.subscription}`))
  const accepted = ledgers.intents.filter((intent) => intent.state === 'accepted')
  const stored = (order: string) => ledgers.triggers.get(order) ?? []
  const notStored = accepted.filter(
    ({ order, ids }) => !stored(order).includes(ledgers.triggerOf([...ids][0] ?? '')),
  )
  const pairs = (isFor: boolean) =>
    accepted.flatMap(({ order, facility }) =>
      stored(order).flatMap((trigger) =>
        subscriptions
          .filter(
            (one) =>
              matchesFacility(one, facility) === isFor && delivered.has(`${trigger}/${one.id}`) !== isFor,
          )
          .map(({ id }) => `${order}→${id}`),
      ),
    )
  const open = ledgers.deliveries.filter(
    ({ status, err }) => !atRest.has(status) && !(status === 'failed' && err),
  )
  const orders = new Set(ledgers.intents.map(({ order }) => order))
  return [
    ...failuresOf(
      'C1 accepted and not stored',
      notStored.map(({ order }) => order),
    ),
    ...failuresOf('C1 stored without its delivery', pairs(true)),
    ...failuresOf('C1 delivered to whom it was not for', pairs(false)),
    ...failuresOf(
      'C1 neither delivered nor given up',
      open.map(({ uuid, status }) => `${uuid} ${status}`),
    ),
    ...failuresOf(
      'I3 one key, several ids',
      accepted.filter(({ ids }) => ids.size > 1).map(({ key }) => key),
    ),
    ...failuresOf(
      'I3 one order, several triggers',
      [...orders].filter((order) => stored(order).length > 1),
    ),
    ...failuresOf(
      'I3 refused and stored all the same',
      ledgers.intents
        .filter(({ state, order }) => state === 'rejected' && stored(order).length > 0)
        .map(({ key }) => key),
    ),
    ...failuresOf('I3 received, known to nobody', ghosts(ledgers)),
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
    ...failuresOf(
      'C2 delivered, but never answered 2xx',
      claimed.map(({ uuid }) => uuid),
    ),
    ...failuresOf(
      'C2 answered 2xx, but not delivered',
      denied.map(({ uuid, status }) => `${uuid} ${status}`),
    ),
  ]
}

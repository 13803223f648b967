import type { SubscriptionId } from '@waybill/domain'

/** What became of a wish to send now: a slot to give back, or no slot in reasonable time. */
export type Slot = { release(): void } | 'saturated'

/** Slots for first attempts: a cap for the process and one per subscription. */
export type SendSlots = {
  enter(subscription: SubscriptionId, limit: number): Promise<Slot> | Slot
  inUse(): number
  waiting(): number
  /** Turns everybody who waits away, now and from now on. */
  close(): void
}

export type SendSlotsOptions = {
  /** Slots of the process. */
  total: number
  /** How long a wish may wait, in ms. */
  patienceMs?: number
  monotonic?: () => number
}

type Waiter = { since: number; resolve: (slot: Slot) => void }
type Holder = { since: number }
/** One subscription's place: who holds a slot, oldest first, and who waits for one, in order. */
type Place = { limit: number; holders: Set<Holder>; waiters: Waiter[] }
type State = {
  places: Map<SubscriptionId, Place>
  inUse: number
  waiting: number
  total: number
  now: () => number
}

/**
 * A subscription that answers slowly fills its own cap only: who cannot get a slot within `patienceMs`, or finds
 * the cap full of requests older than that, is 'saturated' and leaves the delivery to the subscription's lane.
 */
export function createSendSlots(options: SendSlotsOptions): SendSlots {
  const { total, patienceMs = 1_000, monotonic: now = () => performance.now() } = options
  const state: State = { places: new Map(), inUse: 0, waiting: 0, total, now }
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const sendAway = (isTooLate: (waiter: Waiter) => boolean) => {
    turnAway(state, isTooLate)
    if (state.waiting > 0) return
    clearInterval(timer)
    timer = undefined
  }
  const wait = (place: Place) =>
    new Promise<Slot>((resolve) => {
      place.waiters.push({ since: now(), resolve })
      state.waiting += 1
      timer ??= setInterval(() => sendAway(({ since }) => now() - since > patienceMs), patienceMs / 4)
    })

  return {
    enter: (subscription, limit) => {
      if (closed) return 'saturated'
      const place = placeOf(state, subscription, limit)
      if (place.waiters.length === 0 && hasRoom(state, place)) return take(state, subscription, place)
      return isStuck(place, now() - patienceMs) ? 'saturated' : wait(place)
    },
    inUse: () => state.inUse,
    waiting: () => state.waiting,
    close: () => {
      closed = true
      sendAway(() => true)
    },
  }
}

function placeOf({ places }: State, subscription: SubscriptionId, limit: number): Place {
  const place = places.get(subscription) ?? { limit, holders: new Set(), waiters: [] }
  places.set(subscription, place)
  place.limit = limit
  return place
}

const hasRoom = (state: State, { holders, limit }: Place): boolean =>
  state.inUse < state.total && holders.size < limit

/** Full, and its oldest request was begun before `before`. */
function isStuck({ holders, limit }: Place, before: number): boolean {
  if (holders.size < limit) return false
  const [oldest] = holders
  return oldest !== undefined && oldest.since < before
}

function take(state: State, subscription: SubscriptionId, place: Place): Slot {
  const holder = { since: state.now() }
  place.holders.add(holder)
  state.inUse += 1
  return {
    release: () => {
      if (!place.holders.delete(holder)) return
      state.inUse -= 1
      admit(state, subscription, place)
      // Where the process was full, others may have waited for just this slot.
      if (state.waiting > place.waiters.length && state.inUse < state.total) {
        for (const [other, waitingPlace] of state.places) admit(state, other, waitingPlace)
      }
    },
  }
}

/** Lets in who waits, as far as there is room, and forgets a place nobody uses. */
function admit(state: State, subscription: SubscriptionId, place: Place): void {
  while (place.waiters.length > 0 && hasRoom(state, place)) {
    const next = place.waiters.shift()
    state.waiting -= 1
    next?.resolve(take(state, subscription, place))
  }
  forgetIfUnused(state, subscription, place)
}

function turnAway(state: State, isTooLate: (waiter: Waiter) => boolean): void {
  for (const [subscription, place] of state.places) {
    const late = place.waiters.filter(isTooLate)
    place.waiters = place.waiters.filter((waiter) => !isTooLate(waiter))
    state.waiting -= late.length
    for (const waiter of late) waiter.resolve('saturated')
    forgetIfUnused(state, subscription, place)
  }
}

function forgetIfUnused({ places }: State, subscription: SubscriptionId, { holders, waiters }: Place): void {
  if (holders.size === 0 && waiters.length === 0) places.delete(subscription)
}

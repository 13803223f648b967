import type { SubscriptionId } from '@waybill/domain'
import type { SlotOptions } from './slot-options.ts'

/** What became of a wish to send now: a slot to give back, or no slot in reasonable time. */
export type Slot = { release(): void } | 'saturated'

/** Slots for first attempts: a cap for the process and one per subscription. */
export type SendSlots = {
  /**
   * A promise while the subscription has as many requests open as it may.
   *
   * @param bulk takes of a part of the slots only, default false
   */
  enter(subscription: SubscriptionId, limit: number, bulk?: boolean): Promise<Slot> | Slot
  /**
   * To be awaited before each wish of a plan: undefined while the process has slots left, else the plan's turn to
   * have one, so that plans share what becomes free however long they are. Plans that are not bulk come first.
   */
  room(bulk?: boolean): Promise<void> | undefined
  /**
   * As many wait as there are slots, at subscriptions that do answer: it is this worker that does not keep up, and who
   * brings more should wait. What waits for one that hangs does not count: nobody is to wait for that;
   * nor does bulk, but for bulk.
   */
  isCrowded(bulk?: boolean): boolean
  inUse(): number
  /** Requests that have given their slot back and are still open. */
  slow(): number
  waiting(): number
  /** Turns everybody who waits away, now and from now on. */
  close(): void
}

type Waiter = { since: number; bulk: boolean; resolve: (slot: Slot) => void }
type Turn = { since: number; bulk: boolean; resolve: () => void }
type Holder = { since: number; share: number; slow: boolean }
/** One subscription's place: who holds a slot, oldest first, who waits for one, in order, and when a slot came back. */
type Place = { limit: number; holders: Set<Holder>; waiters: Waiter[]; answeredAt: number }
type State = {
  places: Map<SubscriptionId, Place>
  /** Places with waiters, those looked at longest ago first. */
  waitedFor: Map<SubscriptionId, Place>
  /** One of each plan at most. */
  turns: Turn[]
  inUse: number
  bulkInUse: number
  slow: number
  waiting: number
  total: number
  now: () => number
}

/**
 * A subscription may hold this part of the slots that are free: so many that hang together leave room for the others,
 * where each its own limit would not.
 */
const partOfFree = 1 / 4
/** A subscription at which no request has ended for this long does not count as one that answers, in ms. */
const silentMs = 250
/** Places that one release looks at beside its own. */
const looks = 4

/**
 * A subscription that answers slowly fills its own cap only: who cannot get a slot within `patienceMs`, or finds
 * the cap full of requests older than that or of wishes that will not be served in that time, is 'saturated' and leaves
 * the delivery to the subscription's lane. Bulk deliveries may hold half of the slots.
 */
export function createSendSlots(options: SlotOptions): SendSlots {
  const { total, slow = total * 2, patienceMs = 1_000, keepsUp = () => true } = options
  const { monotonic: now = () => performance.now() } = options
  const state: State = {
    places: new Map(),
    waitedFor: new Map(),
    turns: [],
    inUse: 0,
    bulkInUse: 0,
    slow: 0,
    waiting: 0,
    total,
    now,
  }
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const sendAway = (since: number) => {
    turnAway(state, since)
    if (state.waiting + state.turns.length > 0) return
    clearInterval(timer)
    timer = undefined
  }
  const watch = () => {
    timer ??= setInterval(() => {
      const since = now() - patienceMs
      if (keepsUp() && retire(state, slow, since)) letIn(state)
      sendAway(since)
    }, patienceMs / 4)
  }
  const wait = (subscription: SubscriptionId, place: Place, bulk: boolean) =>
    new Promise<Slot>((resolve) => {
      place.waiters.push({ since: now(), bulk, resolve })
      state.waitedFor.set(subscription, place)
      state.waiting += 1
      watch()
    })

  return {
    enter: (subscription, limit, bulk = false) => {
      if (closed) return 'saturated'
      const place = placeOf(state, subscription, limit)
      if (nextOf(state, place) < 0 && hasRoom(state, place, bulk))
        return take(state, subscription, place, bulk)
      if (!isStuck(state, place, bulk, now(), patienceMs)) return wait(subscription, place, bulk)
      forgetIfUnused(state, subscription, place)
      return 'saturated'
    },
    room: (bulk = false) => {
      if (closed || (isFree(state, bulk) && !state.turns.some((turn) => turn.bulk === bulk))) return undefined
      watch()
      const turn = new Promise<void>((resolve) => state.turns.push({ since: now(), bulk, resolve }))
      giveTurn(state)
      return turn
    },
    isCrowded: (bulk = false) => {
      if (state.waiting < total) return false
      let waiting = 0
      for (const { waiters, answeredAt } of state.waitedFor.values())
        if (now() - answeredAt < silentMs)
          waiting += bulk ? waiters.length : waiters.filter((waiter) => !waiter.bulk).length
      return waiting >= total
    },
    inUse: () => state.inUse,
    slow: () => state.slow,
    waiting: () => state.waiting,
    close: () => {
      closed = true
      sendAway(Number.POSITIVE_INFINITY)
    },
  }
}

function placeOf({ places }: State, subscription: SubscriptionId, limit: number): Place {
  const place = places.get(subscription) ?? { limit, holders: new Set(), waiters: [], answeredAt: -Infinity }
  places.set(subscription, place)
  place.limit = limit
  return place
}

/** Half of the slots are for those that are not bulk alone. */
const isFree = ({ total, inUse, bulkInUse }: State, bulk: boolean): boolean =>
  inUse < total && (!bulk || bulkInUse < Math.ceil(total / 2))

const hasRoom = (state: State, { holders, limit }: Place, bulk: boolean): boolean =>
  isFree(state, bulk) && holders.size < Math.min(limit, (state.total - state.inUse) * partOfFree)

/** Its oldest request is older than anybody would wait, or whoever is before this one has used up half of the patience. */
function isStuck(state: State, place: Place, bulk: boolean, now: number, patienceMs: number): boolean {
  const before = bulk ? place.waiters[0] : place.waiters.find((waiter) => !waiter.bulk)
  if (before !== undefined && now - before.since > patienceMs / 2) return true
  const [holder] = place.holders
  return holder !== undefined && now - holder.since > patienceMs && !hasRoom(state, place, false)
}

function take(state: State, subscription: SubscriptionId, place: Place, bulk: boolean): Slot {
  const holder: Holder = { since: state.now(), share: bulk ? 1 : 0, slow: false }
  place.holders.add(holder)
  state.inUse += 1
  state.bulkInUse += holder.share
  return {
    release: () => {
      if (!place.holders.delete(holder)) return
      if (holder.slow) state.slow -= 1
      else giveBack(state, holder)
      place.answeredAt = state.now()
      admit(state, subscription, place)
      admitOthers(state)
    },
  }
}

function giveBack(state: State, { share }: Holder): void {
  state.inUse -= 1
  state.bulkInUse -= share
}

/** What is old gives its slot back while others wait for one; it still counts where its subscription's limit does. */
function retire(state: State, most: number, since: number): boolean {
  const before = state.slow
  for (const { holders } of state.places.values())
    for (const holder of holders) {
      if (state.slow >= most || holder.since >= since) break
      if (holder.slow) continue
      holder.slow = true
      state.slow += 1
      giveBack(state, holder)
    }
  return state.slow > before
}

/** Slots came back without anybody's end: who waits comes in, oldest place first. */
function letIn(state: State): void {
  for (const [subscription, place] of state.waitedFor) admit(state, subscription, place)
  for (let free = state.total - state.inUse; free > 0 && state.turns.length > 0; free -= 1) giveTurn(state)
}

/** Lets in who waits, as far as there is room, and forgets a place nobody uses. */
function admit(state: State, subscription: SubscriptionId, place: Place): void {
  for (let next = nextOf(state, place); next >= 0; next = nextOf(state, place)) {
    const [waiter] = place.waiters.splice(next, 1)
    state.waiting -= 1
    waiter?.resolve(take(state, subscription, place, waiter.bulk))
  }
  if (place.waiters.length === 0) state.waitedFor.delete(subscription)
  forgetIfUnused(state, subscription, place)
}

/** What became free may be what another subscription or a plan has waited for. */
function admitOthers(state: State): void {
  const { waitedFor } = state
  const some: [SubscriptionId, Place][] = []
  for (const entry of waitedFor) if (some.push(entry) === looks) break
  for (const [subscription, place] of some) {
    waitedFor.delete(subscription)
    waitedFor.set(subscription, place)
    admit(state, subscription, place)
  }
  giveTurn(state)
}

function giveTurn(state: State): void {
  const first = (bulk: boolean) =>
    isFree(state, bulk) ? state.turns.findIndex((turn) => turn.bulk === bulk) : -1
  const others = first(false)
  const next = others >= 0 ? others : first(true)
  if (next >= 0) state.turns.splice(next, 1)[0]?.resolve()
}

/** The place in line of the first there is room for; -1 for none. */
function nextOf(state: State, place: Place): number {
  if (place.waiters.length === 0 || !hasRoom(state, place, false)) return -1
  return hasRoom(state, place, true) ? 0 : place.waiters.findIndex(({ bulk }) => !bulk)
}

/** Whoever has waited since before `since`: one moment for all, or one that turns late in between would be in neither list. */
function turnAway(state: State, since: number): void {
  for (const [subscription, place] of state.waitedFor) {
    const late = place.waiters.filter((waiter) => waiter.since < since)
    place.waiters = place.waiters.filter((waiter) => waiter.since >= since)
    state.waiting -= late.length
    for (const waiter of late) waiter.resolve('saturated')
    admit(state, subscription, place)
  }
  const late = state.turns.filter((turn) => turn.since < since)
  state.turns = state.turns.filter((turn) => turn.since >= since)
  for (const turn of late) turn.resolve()
}

function forgetIfUnused({ places }: State, subscription: SubscriptionId, { holders, waiters }: Place): void {
  if (holders.size === 0 && waiters.length === 0) places.delete(subscription)
}

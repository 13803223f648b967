/** What became of a wish to send now: a slot to give back, or no slot in reasonable time. */
export type Slot = { release(): void } | 'saturated'

/** Slots for first attempts: a cap for the process and one per subscription. */
export type SendSlots = {
  enter(subscription: number, limit: number): Promise<Slot> | Slot
  inUse(): number
  waiting(): number
  /** Turns everybody who waits away, now and from now on. */
  close(): void
}

type Waiter = { subscription: number; limit: number; since: number; resolve: (slot: Slot) => void }
type Lane = { open: number; waiters: Waiter[]; since: number[] }

/**
 * A subscription that answers slowly fills its own cap only: who cannot get a slot within `patienceMs`, or finds
 * the cap full of requests older than that, is 'saturated' and leaves the delivery to the subscription's lane.
 */
export function createSendSlots(options: {
  total: number
  patienceMs?: number
  monotonic?: () => number
}): SendSlots {
  const { total, patienceMs = 1_000, monotonic = () => performance.now() } = options
  const lanes = new Map<number, Lane>()
  let inUse = 0
  let waiting = 0
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const laneOf = (subscription: number): Lane => {
    const known = lanes.get(subscription)
    if (known) return known
    const made: Lane = { open: 0, waiters: [], since: [] }
    lanes.set(subscription, made)
    return made
  }

  const take = (subscription: number, lane: Lane): Slot => {
    const since = monotonic()
    inUse += 1
    lane.open += 1
    lane.since.push(since)
    let held = true
    return {
      release: () => {
        if (!held) return
        held = false
        inUse -= 1
        lane.open -= 1
        lane.since.splice(lane.since.indexOf(since), 1)
        admit(subscription, lane)
      },
    }
  }

  const admit = (subscription: number, lane: Lane) => {
    admitFrom(lane)
    if (lane.open === 0 && lane.waiters.length === 0) lanes.delete(subscription)
    if (inUse < total && waiting > 0) for (const other of lanes.values()) if (!admitFrom(other)) break
  }

  /** False when the process is full. */
  const admitFrom = (lane: Lane): boolean => {
    for (let next = lane.waiters[0]; next && lane.open < next.limit; next = lane.waiters[0]) {
      if (inUse >= total) return false
      lane.waiters.shift()
      waiting -= 1
      next.resolve(take(next.subscription, lane))
    }
    return inUse < total
  }

  const turnAway = (isTooLate: (waiter: Waiter) => boolean) => {
    for (const [subscription, lane] of lanes) {
      const late = lane.waiters.filter(isTooLate)
      if (late.length === 0) continue
      lane.waiters = lane.waiters.filter((waiter) => !isTooLate(waiter))
      waiting -= late.length
      for (const waiter of late) waiter.resolve('saturated')
      if (lane.open === 0 && lane.waiters.length === 0) lanes.delete(subscription)
    }
    if (waiting === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }

  const isStuck = (lane: Lane, limit: number) => {
    const oldest = lane.since[0]
    return lane.open >= limit && oldest !== undefined && monotonic() - oldest > patienceMs
  }

  return {
    enter: (subscription, limit) => {
      if (closed) return 'saturated'
      const lane = laneOf(subscription)
      if (inUse < total && lane.open < limit && lane.waiters.length === 0) return take(subscription, lane)
      if (isStuck(lane, limit)) return 'saturated'
      return new Promise<Slot>((resolve) => {
        lane.waiters.push({ subscription, limit, since: monotonic(), resolve })
        waiting += 1
        timer ??= setInterval(
          () => turnAway((waiter) => monotonic() - waiter.since > patienceMs),
          patienceMs / 4,
        )
      })
    },
    inUse: () => inUse,
    waiting: () => waiting,
    close: () => {
      closed = true
      turnAway(() => true)
    },
  }
}

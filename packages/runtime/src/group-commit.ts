import { createFifo } from './fifo.ts'

export interface GroupCommitOptions<Item, Result> {
  /** Stores a group; answers one result an item, in the same order. A rejection rejects every item of the group. */
  flush: (items: Item[]) => Promise<Result[]>
  /** What an item costs in a flush: rows and bytes. */
  weigh: (item: Item) => { rows: number; bytes: number }
  /** Rows a group may have, default 256. */
  maxRows?: number
  /** Bytes a group may have, default 1 MiB. */
  maxBytes?: number
  /** Flushes that may run at once, default 2. */
  maxInFlight?: number
  /** Milliseconds on a clock that never jumps. */
  monotonic?: () => number
}

export interface GroupCommit<Item, Result> {
  /** Queues an item; settles with its own result of the flush that held it. */
  submit(item: Item): Promise<Result>
  /** What is not settled yet, waiting and in flight alike; `inFlight` counts flushes. */
  pending(): { items: number; rows: number; oldestAgeMs: number; inFlight: number }
  /** Resolves when nothing is unsettled. */
  idle(): Promise<void>
}

interface Entry<Item, Result> {
  item: Item
  rows: number
  bytes: number
  at: number
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

interface State<Item, Result> {
  waiting: ReturnType<typeof createFifo<Entry<Item, Result>>>
  running: Set<Entry<Item, Result>[]>
  items: number
  rows: number
  scheduled: boolean
  idlers: (() => void)[]
}

/**
 * Turns many small writes into few large ones without waiting for company: the first item is flushed at once, those
 * that arrive while flushes run form the next group. Groups keep the order of submission. An item over the limits
 * makes a group of its own.
 */
export function createGroupCommit<Item, Result>(
  options: GroupCommitOptions<Item, Result>,
): GroupCommit<Item, Result> {
  const { weigh, maxInFlight = 2, monotonic = () => performance.now() } = options
  const state: State<Item, Result> = {
    waiting: createFifo(),
    running: new Set(),
    items: 0,
    rows: 0,
    scheduled: false,
    idlers: [],
  }

  const pump = (): void => {
    state.scheduled = false
    while (state.running.size < maxInFlight && state.waiting.size() > 0) {
      void runGroup(state, options).then(pump)
    }
  }
  // The check phase comes after every socket that was readable in this turn, so their items share one flush.
  const schedule = (): void => {
    if (state.scheduled || state.running.size >= maxInFlight) return
    state.scheduled = true
    setImmediate(pump)
  }

  return {
    submit: (item) =>
      new Promise<Result>((resolve, reject) => {
        const { rows, bytes } = weigh(item)
        state.waiting.push({ item, rows, bytes, at: monotonic(), resolve, reject })
        state.items += 1
        state.rows += rows
        schedule()
      }),
    pending: () => ({
      items: state.items,
      rows: state.rows,
      oldestAgeMs: state.items === 0 ? 0 : Math.max(0, monotonic() - oldestAt(state)),
      inFlight: state.running.size,
    }),
    idle: () =>
      state.items === 0 ? Promise.resolve() : new Promise((resolve) => state.idlers.push(resolve)),
  }
}

async function runGroup<Item, Result>(
  state: State<Item, Result>,
  options: GroupCommitOptions<Item, Result>,
): Promise<void> {
  const group = takeGroup(state, options.maxRows ?? 256, options.maxBytes ?? 1_048_576)
  state.running.add(group)
  try {
    const results = await options.flush(group.map((entry) => entry.item))
    if (results.length !== group.length) {
      throw new Error(`flush answered ${results.length} results for ${group.length} items`)
    }
    group.forEach((entry, index) => entry.resolve(results[index] as Result))
  } catch (error) {
    for (const entry of group) entry.reject(error)
  }
  state.running.delete(group)
  state.items -= group.length
  for (const entry of group) state.rows -= entry.rows
  if (state.items === 0) for (const resolve of state.idlers.splice(0)) resolve()
}

function takeGroup<Item, Result>(
  state: State<Item, Result>,
  maxRows: number,
  maxBytes: number,
): Entry<Item, Result>[] {
  const group: Entry<Item, Result>[] = []
  let rows = 0
  let bytes = 0
  for (let next = state.waiting.peek(); next; next = state.waiting.peek()) {
    rows += next.rows
    bytes += next.bytes
    if (group.length > 0 && (rows > maxRows || bytes > maxBytes)) break
    group.push(next)
    state.waiting.shift()
  }
  return group
}

/** Groups start in order, so the first running one holds the oldest item; its successors may outlive it. */
function oldestAt<Item, Result>(state: State<Item, Result>): number {
  let oldest = state.waiting.peek()?.at ?? Infinity
  for (const group of state.running) oldest = Math.min(oldest, group[0]?.at ?? Infinity)
  return oldest
}

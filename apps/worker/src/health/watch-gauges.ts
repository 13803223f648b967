import { gauge, type Registry } from '@waybill/runtime'

export type WatchedFacts = {
  /** False while the database does not answer. */
  storageUp: () => boolean
  /** False while wake-ups are dropped. */
  queueReady: () => boolean
  /** The database's clock, ms since 1970. */
  databaseNowMs: () => number
  nowMs: () => number
  /** Shares of the process' limits in use, 0 to 1. */
  inUse: () => { first: number; retry: number }
  /** How long this worker has had the same batch and the same lane in its hands, ms. */
  heldMs: () => { batch: number; lane: number }
}

export type WatchGauges = {
  partitionDays(days: number): void
  queueUnsafe(unsafe: boolean): void
  storageUnsafe(unsafe: boolean): void
}

/** What alerts ask of the process itself; nothing here asks a server when it is read. */
export function createWatchGauges(registry: Registry, facts: WatchedFacts): WatchGauges {
  const live = (name: string, help: string, read: () => number) =>
    gauge({ registry, name, help, collect: (self) => self.set(read()) })
  live('waybill_storage_up', '1 while the database answers, else 0.', () => (facts.storageUp() ? 1 : 0))
  live(
    'waybill_queue_ready',
    '1 while wake-ups can leave, 0 while they are dropped and the sweep delivers.',
    () => (facts.queueReady() ? 1 : 0),
  )
  live(
    'waybill_clock_skew_seconds',
    "How far this host's clock is from the database's, either way.",
    () => Math.abs(facts.nowMs() - facts.databaseNowMs()) / 1_000,
  )
  gauge({
    registry,
    name: 'waybill_in_flight_ratio',
    help: 'Slots in use as a share of those of the process, for first attempts and for retries.',
    labels: ['kind'],
    collect: (self) => {
      const { first, retry } = facts.inUse()
      self.set({ kind: 'first' }, first)
      self.set({ kind: 'retry' }, retry)
    },
  })
  gauge({
    registry,
    name: 'waybill_oldest_held_seconds',
    help: 'How long this worker has had the same batch or lane in its hands; a turn takes seconds.',
    labels: ['kind'],
    collect: (self) => {
      const { batch, lane } = facts.heldMs()
      self.set({ kind: 'batch' }, batch / 1_000)
      self.set({ kind: 'lane' }, lane / 1_000)
    },
  })
  const unsafe = gauge({
    registry,
    name: 'waybill_queue_unsafe',
    help: '1 while the queue is set up so that it would lose jobs, as when its Redis evicts keys, else 0.',
  })
  const lossy = gauge({
    registry,
    name: 'waybill_storage_unsafe',
    help: '1 while the database is set up so that a crash of it loses commits, else 0; looked at in production only.',
  })
  const days = gauge({
    registry,
    name: 'waybill_partition_days_ahead',
    help: 'Days for which there are partitions; a process is not ready below 2.',
  })
  // Not known yet is not 0.
  days.remove()
  return {
    partitionDays: (n) => days.set(n),
    queueUnsafe: (is) => unsafe.set(is ? 1 : 0),
    storageUnsafe: (is) => lossy.set(is ? 1 : 0),
  }
}

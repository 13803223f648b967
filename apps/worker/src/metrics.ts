import { counter, createRegistry, gauge, histogram, type Registry } from '@waybill/runtime'
import type { Backlog, History } from '@waybill/db'
import { noticeKinds, type NoticeKind, type ProfileName } from '@waybill/domain'

/** What a worker did about a notice's mail: `off` and `unasked` ask for none. */
export type MailOutcome = 'sent' | 'failed' | 'given_up' | 'off' | 'unasked'

export type WorkerMetrics = {
  registry: Registry
  /** One request came to its end; `decision` says what follows. */
  attempted(profile: ProfileName, decision: 'delivered' | 'retry' | 'give-up', ms: number): void
  /** A request could not be made for a reason of this process' own. */
  notSent(code: string): void
  /** The sweep put something right that the queue or a worker had forgotten. */
  healed(what: 'batch' | 'lane' | 'worker' | 'delivery', n: number): void
  /** A notice was taken up for the first time. */
  noticed(kind: NoticeKind | 'other'): void
  mailed(outcome: MailOutcome): void
  backlog(backlog: Backlog): void
  queue(depth: { fanOut: number; bulk: number; drain: number } | undefined): void
  partitionDropped(): void
  history(history: History): void
}

export type WorkerGauges = {
  firstAttempts: () => number
  retries: () => number
  slow: () => number
  unrecorded: () => number
  /** In bytes. */
  largePayloads: () => { firstAttempts: number; retries: number }
}

/** Bounded labels only: never a URL or a subscription. */
export function createWorkerMetrics(live: WorkerGauges): WorkerMetrics {
  const registry = createRegistry()
  const healed = counter({
    registry,
    name: 'waybill_sweep_healed_total',
    help: 'What the sweep took up: batches, lanes, dead workers, hopeless deliveries.',
    labels: ['what'],
  })
  for (const what of ['batch', 'lane', 'worker', 'delivery']) healed.inc({ what }, 0)
  const plain = (name: string, help: string) => gauge({ registry, name, help })
  const unclaimed = plain('waybill_unclaimed_batches', 'Batches that no worker owns.')
  const oldestBatch = plain(
    'waybill_oldest_unclaimed_batch_seconds',
    'Age of the oldest batch that no worker owns.',
  )
  const dueLanes = plain('waybill_due_lanes', 'Lanes with something due now.')
  const oldestDue = plain(
    'waybill_oldest_due_seconds',
    'How long the longest waiting due delivery is overdue.',
  )
  const quarantined = plain('waybill_quarantined_batches', 'Batches set aside for a person.')
  const depth = gauge({
    registry,
    name: 'waybill_queue_depth',
    help: 'Jobs waiting or delayed in the queue; -1 while the queue cannot be asked.',
    labels: ['queue'],
  })
  gauge({
    registry,
    name: 'waybill_in_flight',
    help: 'Requests under way: first attempts and retries with a slot, slow ones without; and outcomes not yet written.',
    labels: ['kind'],
    collect: (self) => {
      self.set({ kind: 'first' }, live.firstAttempts())
      self.set({ kind: 'retry' }, live.retries())
      self.set({ kind: 'slow' }, live.slow())
      self.set({ kind: 'unrecorded' }, live.unrecorded())
    },
  })
  gauge({
    registry,
    name: 'waybill_large_payload_bytes',
    help: 'Large payloads of requests under way, in bytes as posted; what LARGE_PAYLOADS_MIB limits.',
    labels: ['kind'],
    collect: (self) => {
      const { firstAttempts, retries } = live.largePayloads()
      self.set({ kind: 'first' }, firstAttempts)
      self.set({ kind: 'retry' }, retries)
    },
  })
  return {
    registry,
    ...attemptMetrics(registry),
    healed: (what, n) => {
      if (n > 0) healed.inc({ what }, n)
    },
    ...noticeCounters(registry),
    ...historyMetrics(registry),
    backlog: (backlog) => {
      unclaimed.set(backlog.unclaimedBatches)
      oldestBatch.set(backlog.oldestUnclaimedSeconds)
      dueLanes.set(backlog.dueNow)
      oldestDue.set(backlog.oldestDueSeconds)
      quarantined.set(backlog.quarantinedBatches)
    },
    queue: (found) => {
      depth.set({ queue: 'fan-out' }, found?.fanOut ?? -1)
      depth.set({ queue: 'bulk' }, found?.bulk ?? -1)
      depth.set({ queue: 'drain' }, found?.drain ?? -1)
    },
  }
}

function attemptMetrics(registry: Registry): Pick<WorkerMetrics, 'attempted' | 'notSent'> {
  const attempts = counter({
    registry,
    name: 'waybill_attempts_total',
    help: 'Requests made, by profile and what followed: delivered, retry, give-up.',
    labels: ['profile', 'outcome'],
  })
  const seconds = histogram({
    registry,
    name: 'waybill_attempt_duration_seconds',
    help: 'Time from the start of a request to its answer or error.',
    labels: ['profile'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
  })
  const notSent = counter({
    registry,
    name: 'waybill_not_sent_total',
    help: 'Requests that could not be made for lack of descriptors, ports or memory here; each is made later.',
    labels: ['code'],
  })
  notSent.inc({ code: 'sender_exhausted' }, 0)
  return {
    attempted: (profile, outcome, ms) => {
      attempts.inc({ profile, outcome })
      seconds.observe({ profile }, ms / 1_000)
    },
    notSent: (code) => notSent.inc({ code }),
  }
}

function noticeCounters(registry: Registry): Pick<WorkerMetrics, 'noticed' | 'mailed'> {
  const notices = counter({
    registry,
    name: 'waybill_notices_total',
    help: 'Notices taken up, by kind; each counts once.',
    labels: ['kind'],
  })
  const mails = counter({
    registry,
    name: 'waybill_mails_total',
    help: 'What became of tries to mail a notice: sent, failed, given_up; off and unasked where none was to be sent.',
    labels: ['outcome'],
  })
  // From 0 on, since an increase is only seen of what was there before.
  for (const kind of noticeKinds) notices.inc({ kind }, 0)
  for (const outcome of ['sent', 'failed', 'given_up']) mails.inc({ outcome }, 0)
  return {
    noticed: (kind) => notices.inc({ kind }),
    mailed: (outcome) => mails.inc({ outcome }),
  }
}

function historyMetrics(registry: Registry): Pick<WorkerMetrics, 'partitionDropped' | 'history'> {
  const dropped = counter({
    registry,
    name: 'waybill_partitions_dropped_total',
    help: 'Partitions of triggers, deliveries and attempts that this worker dropped for their age.',
  })
  const oldest = gauge({
    registry,
    name: 'waybill_oldest_partition_days',
    help: 'How many days ago the oldest partition begins.',
  })
  const blocked = gauge({
    registry,
    name: 'waybill_retention_blocked_partitions',
    help: 'Partitions that are old enough to go and stay, because something in them is not settled.',
    labels: ['table'],
  })
  return {
    partitionDropped: () => dropped.inc(),
    history: ({ tables }) => {
      oldest.set(Math.max(...tables.map((one) => one.oldestDays)))
      for (const one of tables) blocked.set({ table: one.table }, one.blocked.length)
    },
  }
}

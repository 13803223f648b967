import { heartbeat, joinWorkers, leaveWorkers, type Storage } from '@waybill/db'
import type { WorkerId } from '@waybill/domain'
import { createLoop, withDeadline, type Logger } from '@waybill/runtime'

/** This worker's right to own things, and the database's clock as its heartbeats saw it. */
export type Lease = {
  /** The worker's id, which marks what it owns. */
  worker: WorkerId
  /** True while the last successful heartbeat is fresh; nothing is sent otherwise. */
  holds(): boolean
  /** How long heartbeats have come without a gap, in ms. */
  unbrokenForMs(): number
  /** The database's time, ms since 1970, carried forward by the monotonic clock. */
  nowMs(): number
  /**
   * Stops the heartbeat, frees everything still owned and removes the worker. When the database cannot be told, others
   * take over once the worker has been silent long enough.
   */
  leave(): Promise<void>
}

const leaveWithinMs = 5_000
/** How wrong the database's clock may be here, beside what it drifts between two heartbeats. */
const maxClockErrorMs = 250

export type LeaseOptions = {
  storage: Pick<Storage, 'sql' | 'suspect'>
  host: string
  heartbeatMs: number
  /** Age of the last heartbeat at which this worker stops sending. */
  selfStopMs: number
  logger: Logger
  /** Others removed this worker: it must end at once. */
  onLost: () => void
  monotonic?: () => number
}

/** Joins the workers and keeps the heartbeat going. Throws when the database cannot be reached. */
export async function createLease(options: LeaseOptions): Promise<Lease> {
  const { storage, heartbeatMs, selfStopMs, logger, onLost, monotonic = () => performance.now() } = options
  const worker = await joinWorkers(storage.sql, options.host)
  const state = { beatAt: monotonic(), unbrokenSince: monotonic(), offsetMs: Date.now() - monotonic() }

  const beat = async () => {
    const asked = monotonic()
    const databaseMs = await withDeadline(heartbeat(storage.sql, worker), selfStopMs / 2, () => {
      // The next one must not wait on a connection that leads nowhere.
      storage.suspect()
      return new Error('the heartbeat was not answered')
    })
    const answered = monotonic()
    if (databaseMs === undefined) return onLost()
    // A heartbeat that took long proves only that the worker was known when it was asked.
    if (asked - state.beatAt > heartbeatMs * 3) state.unbrokenSince = asked
    state.beatAt = asked
    // The middle of a slow one may be far from when the database looked at its clock.
    if (answered - asked < maxClockErrorMs * 2) state.offsetMs = databaseMs - (asked + answered) / 2
  }

  await beat()
  const loop = createLoop({ name: 'heartbeat', everyMs: heartbeatMs, run: beat, logger })
  loop.start()
  return {
    worker,
    holds: () => monotonic() - state.beatAt < selfStopMs,
    unbrokenForMs: () =>
      monotonic() - state.beatAt < heartbeatMs * 3 ? monotonic() - state.unbrokenSince : 0,
    nowMs: () => monotonic() + state.offsetMs,
    leave: async () => {
      await loop.stop()
      try {
        await withDeadline(leaveWorkers(storage.sql, worker), leaveWithinMs, () => new Error('no answer'))
      } catch (error) {
        logger.warn('lease.not-left', { error })
      }
    },
  }
}

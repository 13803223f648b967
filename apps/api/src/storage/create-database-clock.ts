export type DatabaseClock = {
  /** The database's time, ms since 1970; never behind it. The host's own until the database has told. */
  nowMs(): number
  /** Called before a statement; what it returns is told the time that the answer held. */
  ask(): (databaseMs: number) => void
}

/**
 * The database's clock as its answers tell it. In between it is carried by the later of two: the monotonic clock stands
 * still while a machine sleeps, and the host's is put back now and then. A time that is a little ahead does no harm until
 * the next answer; one that is behind would refuse what happened just now.
 */
export function createDatabaseClock(clocks: { now: () => number; monotonic: () => number }): DatabaseClock {
  const { now, monotonic } = clocks
  const ahead = { ofHost: 0, ofMonotonic: -Infinity }
  return {
    nowMs: () => Math.max(now() + ahead.ofHost, monotonic() + ahead.ofMonotonic),
    ask: () => {
      const asked = { host: now(), monotonic: monotonic() }
      // As if the database had looked at its clock at once, however long its answer took.
      return (databaseMs) => {
        ahead.ofHost = databaseMs - asked.host
        ahead.ofMonotonic = databaseMs - asked.monotonic
      }
    },
  }
}

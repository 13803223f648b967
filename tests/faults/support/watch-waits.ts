import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import type { FaultContext } from './scenario.ts'

/** How often it looks; a wait may be this much longer than what was seen of it. */
export const lookEveryMs = 20

export type WaitWatch = {
  /** How often it has looked. */
  looks(): number
  /** The longest that anybody was seen waiting for a lock that `application` held or was ahead for, ms. */
  longestMs(): number
  /** The first words of what waited longest. */
  what(): string
  /** What did not hold when it was looked at, each once. */
  broken(): string[]
}

/**
 * Looks all the time who waits for locks of one application, and now and then whether `invariants` hold: each is a count
 * that must be 0.
 */
export function watchWaits(
  context: FaultContext,
  databaseUrl: string,
  application: string,
  invariants: Record<string, string>,
): WaitWatch {
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'fault-watch' },
  })
  const state = { ended: false, looks: 0, longest: 0, what: '', broken: new Set<string>() }
  const look = async () => {
    const waits = await sql<{ ms: number; query: string }[]>`
      SELECT extract(epoch FROM clock_timestamp() - l.waitstart)::float8 * 1000 AS ms, a.query
      FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE NOT l.granted AND l.waitstart IS NOT NULL AND a.application_name <> ${application}::text
        AND EXISTS (SELECT FROM pg_stat_activity r
          WHERE r.application_name = ${application}::text AND r.pid = ANY(pg_blocking_pids(l.pid)))`
    for (const { ms, query } of waits)
      if (ms > state.longest) [state.longest, state.what] = [ms, query.slice(0, 80)]
  }
  const check = async () => {
    for (const [name, query] of Object.entries(invariants)) {
      const [row] = await sql.unsafe<{ n: number }[]>(query)
      if (row?.n !== 0) state.broken.add(`${name}: ${row?.n}`)
    }
  }
  const watch = async () => {
    for (let i = 0; !state.ended; i += 1) {
      await look()
      state.looks = i + 1
      if (i % 25 === 0) await check()
      await pause(lookEveryMs)
    }
  }
  const watching = watch().catch(
    (error: unknown) => void state.broken.add(`the watch broke: ${String(error)}`),
  )
  context.cleanUp(async () => {
    state.ended = true
    await watching
    await sql.end({ timeout: 1 })
  })
  return {
    looks: () => state.looks,
    longestMs: () => state.longest,
    what: () => state.what,
    broken: () => [...state.broken],
  }
}

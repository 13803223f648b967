import { setTimeout as pause } from 'node:timers/promises'
import { withDeadline, type Logger } from '@waybill/runtime'
import { isEndedConnection, pgErrorCode } from './pg-error.ts'
import { openDatabase, type Database, type DatabaseOptions } from './open-database.ts'
import { standIn } from './stand-in.ts'

/** The database, which may be away. What is in it may be kept: after an outage it leads to new pools. */
export type Storage = Database & {
  /** False from the moment a probe failed until one succeeds: callers are refused at once instead of piling up. */
  up(): boolean
  /** Something did not answer: look whether the database does, within `probeMs`. */
  suspect(): void
}

const defaultProbeMs = 1_000
const betweenProbesMs = 250
const betweenReplacementsMs = 1_000

/**
 * A server that hangs, or a peer that vanished, keeps a pool's connections busy for as long as TCP allows, and a pool
 * that failed to connect waits longer each time. So when a probe fails the pools are dropped and made anew. The probe asks
 * over the hot pool: slow queries and changes that wait for locks have pools of their own, so they cannot make it late.
 */
export function createStorage(
  options: DatabaseOptions,
  logger: Pick<Logger, 'warn' | 'info'>,
  { probeMs = defaultProbeMs }: { probeMs?: number } = {},
): Storage {
  const endings = new Set<Promise<void>>()
  let replacedAt = -Infinity
  const open = (): Database => {
    const opened: Database = openDatabase({
      ...options,
      onSilent: () => {
        if (closed || opened !== database) return
        logger.warn('database.silent', {})
        replace()
      },
      onReadOnly: () => {
        // A server that is read-only for a while must not be dialled anew with every statement.
        if (closed || opened !== database || performance.now() - replacedAt < betweenReplacementsMs) return
        logger.warn('database.read-only', {})
        replace()
      },
    })
    return opened
  }
  let database = open()
  let up = true
  let probing = false
  let closed = false

  const ask = async (tries: number): Promise<void> => {
    try {
      await database.sql`SELECT 1`
    } catch (error) {
      if (tries <= 1 || !isEndedConnection(pgErrorCode(error))) throw error
      await ask(tries - 1)
    }
  }
  const answers = (): Promise<boolean> =>
    // A server that ended every connection there was is not away: the next one is dialled anew. Each may fail two statements,
    // one by its reset and one by its end.
    withDeadline(ask(2 * options.hotConnections + 1), probeMs, () => new Error('no answer')).then(
      () => true,
      () => false,
    )
  const replace = (): void => {
    const old = database
    replacedAt = performance.now()
    database = open()
    // Not at once: statements on connections that still work get the seconds they may take.
    const ending = old
      .close()
      .catch((error: unknown) => logger.warn('database.not-closed', { error }))
      .finally(() => endings.delete(ending))
    endings.add(ending)
  }
  const probe = async (): Promise<void> => {
    if (probing) return
    probing = true
    while (!closed && !(await answers())) {
      if (up) logger.warn('database.lost', {})
      up = false
      if (closed) break
      replace()
      await pause(betweenProbesMs, undefined, { ref: false })
    }
    if (!up && !closed) logger.info('database.found', {})
    up = true
    probing = false
  }
  return {
    sql: standIn(() => database.sql),
    read: standIn(() => database.read),
    write: standIn(() => database.write),
    orm: standIn(() => database.orm),
    auth: standIn(() => database.auth),
    up: () => up,
    suspect: () => void probe(),
    close: async () => {
      closed = true
      await Promise.all([database.close(), ...endings])
    },
  }
}

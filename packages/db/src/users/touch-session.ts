import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Orm } from '../open-database.ts'
import { sessions } from '../schema/index.ts'
import { sessionIsOver } from './user-record.ts'

/** Records that a living session is in use now. False: it is none, or that was recorded within the last minute. */
export async function touchSession(orm: Orm, id: number): Promise<boolean> {
  const rows = await orm
    .update(sessions)
    .set({ usedAt: sql`now()` })
    .where(
      and(
        eq(sessions.id, id),
        isNull(sessions.endedAt),
        sql`NOT ${sessionIsOver}`,
        sql`${sessions.usedAt} <= now() - interval '1 minute'`,
      ),
    )
    .returning({ id: sessions.id })
  return rows.length > 0
}

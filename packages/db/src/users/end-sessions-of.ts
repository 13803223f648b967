import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Orm } from '../open-database.ts'
import { sessions } from '../schema/index.ts'

/** Ends the living sessions of a user; their ids. */
export async function endSessionsOf(tx: Pick<Orm, 'update'>, userId: number): Promise<number[]> {
  const ended = await tx
    .update(sessions)
    .set({ endedAt: sql`now()` })
    .where(and(eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  return ended.map(({ id }) => id)
}

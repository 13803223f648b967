import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Orm } from '../open-database.ts'
import { sessions, users } from '../schema/index.ts'
import { sessionIsOver, sessionLifetime, userColumns, type UserRecord } from './user-record.ts'

/** `isOver`: past its end by the database's clock. `useIsOld`: its use was not recorded for a minute. */
export type SessionRecord = {
  id: number
  application: string
  remembered: boolean
  /** Null for a remembered session. */
  expiresAt: Date | null
  isOver: boolean
  useIsOld: boolean
  user: UserRecord
}

/** A session by its token's hash, unless somebody ended it. */
export async function findSession(orm: Orm, hash: Buffer): Promise<SessionRecord | undefined> {
  const [row] = await orm
    .select({
      id: sessions.id,
      application: sessions.application,
      remembered: sessions.remembered,
      endsAt: sql<Date>`${sessions.createdAt} + ${sessionLifetime}`.mapWith(sessions.createdAt),
      isOver: sessionIsOver,
      useIsOld: sql<boolean>`${sessions.usedAt} <= now() - interval '1 minute'`,
      user: userColumns,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.hash, hash), isNull(sessions.endedAt)))
  if (!row) return undefined
  const { endsAt, ...session } = row
  return { ...session, expiresAt: row.remembered ? null : endsAt }
}

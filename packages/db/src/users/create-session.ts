import { randomBytes } from 'node:crypto'
import { and, eq, or, sql } from 'drizzle-orm'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { sessions, users } from '../schema/index.ts'
import { hashToken } from '../tokens/tokens.ts'
import { sessionIsOver, sessionLifetime } from './user-record.ts'

/** `passwordHash` is the one that the login was checked with. */
export type NewSession = {
  userId: number
  passwordHash: string
  application: string
  remembered: boolean
}

/** `expiresAt` is null for a remembered session. */
export type MadeSession = { id: number; token: string; expiresAt: Date | null }

export const sessionPrefix = 'wbs_'

/** How long a session that is over is still told from one that never was. */
const forgottenAfter = sql.raw(`interval '30 days'`)

/**
 * Logs a user in. The token itself is returned only here. Sessions of the user that ended long ago go at the same time,
 * so that the table grows with its users and not with their logins. Undefined: the user has another password by now, or
 * none; whoever changed it has ended the sessions there were, and this one would outlive that.
 */
export async function createSession(
  orm: Orm,
  { passwordHash, ...wanted }: NewSession,
): Promise<MadeSession | undefined> {
  const token = `${sessionPrefix}${randomBytes(32).toString('base64url')}`
  return inTransaction(orm, async (tx) => {
    // The lock makes a change of the password wait, or this wait for it.
    const [user] = await tx
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.id, wanted.userId), eq(users.passwordHash, passwordHash)))
      .for('share')
    if (!user) return undefined
    await tx
      .delete(sessions)
      .where(
        and(
          eq(sessions.userId, wanted.userId),
          sql`${sessions.usedAt} < now() - ${forgottenAfter}`,
          or(sql`${sessions.endedAt} IS NOT NULL`, sessionIsOver),
        ),
      )
    const [row] = await tx
      .insert(sessions)
      .values({ ...wanted, hash: hashToken(token) })
      .returning({
        id: sessions.id,
        endsAt: sql<Date>`${sessions.createdAt} + ${sessionLifetime}`.mapWith(sessions.createdAt),
      })
    if (!row) throw new Error('the sessions table took no row')
    return { id: row.id, token, expiresAt: wanted.remembered ? null : row.endsAt }
  })
}

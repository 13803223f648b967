import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users } from '../schema/index.ts'
import { endSessionsOf } from './end-sessions-of.ts'
import { sameEmail } from './user-record.ts'

/** Ends every session of a user and says how many there were; undefined when nobody has this address. */
export async function endSessions(orm: Orm, actor: string, email: string): Promise<number | undefined> {
  return inTransaction(orm, async (tx) => {
    const [user] = await tx.select({ id: users.id }).from(users).where(sameEmail(email))
    if (!user) return undefined
    const ended = await endSessionsOf(tx, user.id)
    await tx.insert(auditLog).values({
      actor,
      action: 'sessions.ended',
      target: String(user.id),
      details: { sessions: ended },
    })
    return ended.length
  })
}

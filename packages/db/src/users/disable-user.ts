import { sql } from 'drizzle-orm'
import { raiseConfigVersion } from '../config-version.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users } from '../schema/index.ts'
import { endSessionsOf } from './end-sessions-of.ts'
import { sameEmail } from './user-record.ts'

/** Takes a user's password away and ends their sessions; how many these were, undefined when nobody has this address. */
export async function disableUser(orm: Orm, actor: string, email: string): Promise<number | undefined> {
  return inTransaction(orm, async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const [user] = await tx
      .update(users)
      .set({ passwordHash: null, updatedAt: sql`now()`, changedVersion })
      .where(sameEmail(email))
      .returning({ id: users.id })
    if (!user) return undefined
    const ended = await endSessionsOf(tx, user.id)
    await tx
      .insert(auditLog)
      .values({ actor, action: 'user.disabled', target: String(user.id), details: { sessions: ended } })
    return ended.length
  })
}

import { sql } from 'drizzle-orm'
import { raiseConfigVersion } from '../config-version.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users } from '../schema/index.ts'
import { endSessionsOf } from './end-sessions-of.ts'
import { sameEmail } from './user-record.ts'

/** Gives a user a new password, as `hashPassword` made it, and ends their sessions; false when nobody has this address. */
export async function setPassword(
  orm: Orm,
  actor: string,
  email: string,
  passwordHash: string,
): Promise<boolean> {
  return inTransaction(orm, async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const [user] = await tx
      .update(users)
      .set({ passwordHash, updatedAt: sql`now()`, changedVersion })
      .where(sameEmail(email))
      .returning({ id: users.id })
    if (!user) return false
    await endSessionsOf(tx, user.id)
    await tx
      .insert(auditLog)
      .values({ actor, action: 'user.password-set', target: String(user.id), details: {} })
    return true
  })
}

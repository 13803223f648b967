import { eq, sql } from 'drizzle-orm'
import { raiseConfigVersion } from '../config-version.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users } from '../schema/index.ts'
import { userColumns, type UserRecord } from './user-record.ts'

/** What a user tells about themselves; absent members stay. */
export type ClientProfile = { firstName?: string; lastName?: string; phone?: string; company?: string }

/** Gives a user the role of a client, which they may have already. Undefined: there is no such user. */
export async function registerClient(
  orm: Orm,
  actor: string,
  id: number,
  profile: ClientProfile,
): Promise<UserRecord | undefined> {
  return inTransaction(orm, async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const [before] = await tx.select({ roles: users.roles }).from(users).where(eq(users.id, id))
    if (!before) return undefined
    const isNew = !before.roles.includes('client')
    const [user] = await tx
      .update(users)
      .set({
        ...profile,
        roles: isNew ? [...before.roles, 'client'] : before.roles,
        updatedAt: sql`now()`,
        changedVersion,
      })
      .where(eq(users.id, id))
      .returning(userColumns)
    await tx.insert(auditLog).values({
      actor,
      action: 'user.registered',
      target: String(id),
      details: { isNew, changed: Object.keys(profile) },
    })
    return user
  })
}

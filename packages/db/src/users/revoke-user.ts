import { eq, sql } from 'drizzle-orm'
import { raiseConfigVersion } from '../config-version.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users } from '../schema/index.ts'
import type { Grant } from './grant-user.ts'
import { sameEmail, userColumns, type UserRecord } from './user-record.ts'

/** Takes roles and integrations from what a user has; undefined when nobody has this address. */
export async function revokeUser(
  orm: Orm,
  actor: string,
  email: string,
  { roles, integrations }: Grant,
): Promise<UserRecord | undefined> {
  return orm.transaction(async (tx) => {
    // First, so that two changes of one user come one after the other.
    const changedVersion = await raiseConfigVersion(tx)
    const [before] = await tx.select(userColumns).from(users).where(sameEmail(email))
    if (!before) return undefined
    const [user] = await tx
      .update(users)
      .set({
        roles: before.roles.filter((role) => !roles.includes(role)),
        integrations: before.integrations.filter((id) => !integrations.includes(id)),
        updatedAt: sql`now()`,
        changedVersion,
      })
      .where(eq(users.id, before.id))
      .returning(userColumns)
    await tx
      .insert(auditLog)
      .values({ actor, action: 'user.revoked', target: String(before.id), details: { roles, integrations } })
    return user
  })
}

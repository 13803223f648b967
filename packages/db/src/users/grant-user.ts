import { eq, sql } from 'drizzle-orm'
import type { IntegrationId } from '@waybill/domain'
import { raiseConfigVersion } from '../config-version.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users, type UserRole } from '../schema/index.ts'
import { sameEmail, userColumns, type UserRecord } from './user-record.ts'

export type Grant = { roles: UserRole[]; integrations: IntegrationId[] }

/** Adds roles and integrations to what a user has; undefined when nobody has this address. */
export async function grantUser(
  orm: Orm,
  actor: string,
  email: string,
  { roles, integrations }: Grant,
): Promise<UserRecord | undefined> {
  return orm.transaction(async (tx) => {
    // First, so that two grants to one user come one after the other.
    const changedVersion = await raiseConfigVersion(tx)
    const [before] = await tx.select(userColumns).from(users).where(sameEmail(email))
    if (!before) return undefined
    const [user] = await tx
      .update(users)
      .set({
        roles: [...new Set([...before.roles, ...roles])],
        integrations: [...new Set([...before.integrations, ...integrations])],
        updatedAt: sql`now()`,
        changedVersion,
      })
      .where(eq(users.id, before.id))
      .returning(userColumns)
    await tx
      .insert(auditLog)
      .values({ actor, action: 'user.granted', target: String(before.id), details: { roles, integrations } })
    return user
  })
}

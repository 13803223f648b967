import { eq, sql } from 'drizzle-orm'
import type { IntegrationId } from '@waybill/domain'
import { raiseConfigVersion } from '../config-version.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, users, type UserRole } from '../schema/index.ts'
import { sameEmail, userColumns, type UserRecord } from './user-record.ts'

export type Grant = { roles: UserRole[]; integrations: IntegrationId[] }

/** Puts `after(before)` in the place of what a user was granted; undefined when nobody has this address. */
export async function changeGrants(
  orm: Orm,
  actor: string,
  email: string,
  { action, details, after }: { action: string; details: Grant; after: (before: Grant) => Grant },
): Promise<UserRecord | undefined> {
  return inTransaction(orm, async (tx) => {
    // First, so that two changes of one user come one after the other.
    const changedVersion = await raiseConfigVersion(tx)
    const [before] = await tx.select(userColumns).from(users).where(sameEmail(email))
    if (!before) return undefined
    const { roles, integrations } = after(before)
    const [user] = await tx
      .update(users)
      .set({ roles, integrations, updatedAt: sql`now()`, changedVersion })
      .where(eq(users.id, before.id))
      .returning(userColumns)
    await tx.insert(auditLog).values({ actor, action, target: String(before.id), details })
    return user
  })
}

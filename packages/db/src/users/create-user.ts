import type { IntegrationId } from '@waybill/domain'
import { raiseConfigVersion } from '../config-version.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { pgErrorCode } from '../pg-error.ts'
import { auditLog, users, type UserRole } from '../schema/index.ts'

export type NewUser = {
  email: string
  firstName: string | null
  lastName: string | null
  /** As `hashPassword` made it; null: they cannot log in. */
  passwordHash: string | null
  roles: UserRole[]
  integrations: IntegrationId[]
}

/** Makes a user; 'email_taken' when somebody has that address, in whatever case. */
export async function createUser(orm: Orm, actor: string, wanted: NewUser): Promise<number | 'email_taken'> {
  try {
    return await inTransaction(orm, async (tx) => {
      const changedVersion = await raiseConfigVersion(tx)
      const [row] = await tx
        .insert(users)
        .values({ ...wanted, changedVersion })
        .returning({ id: users.id })
      if (!row) throw new Error('the users table took no row')
      const { roles, integrations } = wanted
      await tx
        .insert(auditLog)
        .values({ actor, action: 'user.created', target: String(row.id), details: { roles, integrations } })
      return row.id
    })
  } catch (error) {
    if (pgErrorCode(error) === '23505') return 'email_taken'
    throw error
  }
}

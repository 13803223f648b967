import type { Orm } from '../open-database.ts'
import { users } from '../schema/index.ts'
import { sameEmail, userColumns, type UserRecord } from './user-record.ts'

/** The user with this address, in whatever case, and the hash of their password if they have one. */
export async function findUserByEmail(
  orm: Orm,
  email: string,
): Promise<{ user: UserRecord; passwordHash: string | null } | undefined> {
  const [row] = await orm
    .select({ user: userColumns, passwordHash: users.passwordHash })
    .from(users)
    .where(sameEmail(email))
  return row
}

import { asc, sql } from 'drizzle-orm'
import type { Orm } from '../open-database.ts'
import { users } from '../schema/index.ts'
import { userColumns, type UserRecord } from './user-record.ts'

export type UserLine = UserRecord & { hasPassword: boolean; createdAt: Date }

/** Every user, the oldest first. */
export async function listUsers(orm: Orm): Promise<UserLine[]> {
  return orm
    .select({
      ...userColumns,
      hasPassword: sql<boolean>`coalesce(${users.passwordHash}, '') <> ''`,
      createdAt: users.createdAt,
    })
    .from(users)
    .orderBy(asc(users.id))
}

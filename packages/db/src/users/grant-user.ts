import type { Orm } from '../open-database.ts'
import { changeGrants, type Grant } from './change-grants.ts'
import type { UserRecord } from './user-record.ts'

/** Adds roles and integrations to what a user has; undefined when nobody has this address. */
export function grantUser(
  orm: Orm,
  actor: string,
  email: string,
  details: Grant,
): Promise<UserRecord | undefined> {
  return changeGrants(orm, actor, email, {
    action: 'user.granted',
    details,
    after: ({ roles, integrations }) => ({
      roles: [...new Set([...roles, ...details.roles])],
      integrations: [...new Set([...integrations, ...details.integrations])],
    }),
  })
}

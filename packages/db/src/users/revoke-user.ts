import type { Orm } from '../open-database.ts'
import { changeGrants, type Grant } from './change-grants.ts'
import type { UserRecord } from './user-record.ts'

/** Takes roles and integrations from what a user has; undefined when nobody has this address. */
export function revokeUser(
  orm: Orm,
  actor: string,
  email: string,
  details: Grant,
): Promise<UserRecord | undefined> {
  return changeGrants(orm, actor, email, {
    action: 'user.revoked',
    details,
    after: ({ roles, integrations }) => ({
      roles: roles.filter((role) => !details.roles.includes(role)),
      integrations: integrations.filter((id) => !details.integrations.includes(id)),
    }),
  })
}

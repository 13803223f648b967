import { sql } from 'drizzle-orm'
import type { IntegrationId } from '@waybill/domain'
import { sessions, users, type UserRole } from '../schema/index.ts'

/** A person who may log in, without their password's hash. */
export type UserRecord = {
  id: number
  email: string
  firstName: string | null
  lastName: string | null
  phone: string | null
  company: string | null
  roles: UserRole[]
  integrations: IntegrationId[]
}

export const userColumns = {
  id: users.id,
  email: users.email,
  firstName: users.firstName,
  lastName: users.lastName,
  phone: users.phone,
  company: users.company,
  roles: users.roles,
  integrations: users.integrations,
}

/** What an address is compared by; the unique index is over the same. */
export const sameEmail = (email: string) => sql`lower(${users.email}) = lower(${email})`

/** In hours, because a day has 23 or 25 of them where the server's clock is put forward or back. */
export const sessionLifetime = sql.raw(`interval '168 hours'`)
export const sessionIdleLimit = sql.raw(`interval '72 hours'`)

/** True for a session past its end, by the database's clock. */
export const sessionIsOver = sql<boolean>`(NOT ${sessions.remembered} AND
  (${sessions.createdAt} <= now() - ${sessionLifetime} OR ${sessions.usedAt} <= now() - ${sessionIdleLimit}))`

import { sql } from 'drizzle-orm'
import { bigint, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { IntegrationId } from '@waybill/domain'
import { instant } from './columns.ts'

/** What makes a user somebody to an integration; without one a user may do nothing but register. */
export const userRoles = ['client', 'employee', 'liaison'] as const
export type UserRole = (typeof userRoles)[number]

/** People who log in. `passwordHash` is scrypt with its parameters and salt; null: they cannot log in. */
export const users = pgTable(
  'users',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    email: text('email').notNull(),
    firstName: text('first_name'),
    lastName: text('last_name'),
    phone: text('phone'),
    company: text('company'),
    passwordHash: text('password_hash'),
    roles: text('roles').array().$type<UserRole[]>().notNull(),
    integrations: integer('integrations').array().$type<IntegrationId[]>().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    changedVersion: bigint('changed_version', { mode: 'number' }).notNull(),
  },
  (t) => [uniqueIndex('users_email').on(sql`lower(${t.email})`)],
)

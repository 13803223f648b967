import { boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { users } from './users.ts'

/**
 * Logins. Only the SHA-256 of a session's token is kept. A session ends 7 days after it was made, or when it was not used
 * for 72 hours, unless it is remembered.
 */
export const sessions = pgTable(
  'sessions',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id),
    hash: bytea('hash').notNull().unique(),
    application: text('application').notNull(),
    remembered: boolean('remembered').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    usedAt: instant('used_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
  },
  (t) => [index('sessions_user').on(t.userId)],
)

import { pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** Parts of the PlanOmatic API that an operator can take out of service. `deployedAt` null: out of service. */
export const services = pgTable('services', {
  name: text('name').primaryKey(),
  deployedAt: instant('deployed_at').defaultNow(),
})

/** Its routes, each of one service. `deployedAt` null: out of service. */
export const routes = pgTable('routes', {
  path: text('path').primaryKey(),
  service: text('service')
    .notNull()
    .references(() => services.name),
  deployedAt: instant('deployed_at').defaultNow(),
})

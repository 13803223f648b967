import { eq, sql } from 'drizzle-orm'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, routes, services } from '../schema/index.ts'

const deployedAt = (deployed: boolean) => (deployed ? sql`now()` : null)

/** Takes a route into service or out of it; false when there is no record of it. */
export async function deployRoute(
  orm: Orm,
  actor: string,
  path: string,
  deployed: boolean,
): Promise<boolean> {
  return inTransaction(orm, async (tx) => {
    const rows = await tx
      .update(routes)
      .set({ deployedAt: deployedAt(deployed) })
      .where(eq(routes.path, path))
      .returning({ path: routes.path })
    if (rows.length === 0) return false
    const action = deployed ? 'route.deployed' : 'route.undeployed'
    await tx.insert(auditLog).values({ actor, action, target: path, details: {} })
    return true
  })
}

/** Takes a service with all its routes into service or out of it; false when there is no record of it. */
export async function deployService(
  orm: Orm,
  actor: string,
  name: string,
  deployed: boolean,
): Promise<boolean> {
  return inTransaction(orm, async (tx) => {
    const rows = await tx
      .update(services)
      .set({ deployedAt: deployedAt(deployed) })
      .where(eq(services.name, name))
      .returning({ name: services.name })
    if (rows.length === 0) return false
    const action = deployed ? 'service.deployed' : 'service.undeployed'
    await tx.insert(auditLog).values({ actor, action, target: name, details: {} })
    return true
  })
}

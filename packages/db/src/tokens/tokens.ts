import { createHash, randomBytes } from 'node:crypto'
import { and, eq, gt, isNull, or, sql } from 'drizzle-orm'
import type { IntegrationId } from '@waybill/domain'
import { raiseConfigVersion } from '../config-version.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, integrations, tokens } from '../schema/index.ts'

/** Who a request speaks for. */
export type Principal = { tokenId: number; name: string; integrations: ReadonlySet<IntegrationId> }

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Makes an application token that reaches the integrations of `scope`. The token itself is returned only here. */
export async function createToken(
  orm: Orm,
  name: string,
  scope: IntegrationId[],
): Promise<{ id: number; token: string }> {
  const token = `wbt_${randomBytes(32).toString('base64url')}`
  return orm.transaction(async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const [row] = await tx
      .insert(tokens)
      .values({ hash: hashToken(token), hint: token.slice(0, 8), name, integrations: scope, changedVersion })
      .returning({ id: tokens.id })
    if (!row) throw new Error('the tokens table took no row')
    await tx.insert(auditLog).values({
      actor: 'operator',
      action: 'token.created',
      target: String(row.id),
      details: { name, scope },
    })
    return { id: row.id, token }
  })
}

/** Ends a token now; false when there is no such living token. Processes notice within their cache's lifetime. */
export async function revokeToken(orm: Orm, id: number): Promise<boolean> {
  return orm.transaction(async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const rows = await tx
      .update(tokens)
      .set({ revokedAt: sql`now()`, changedVersion })
      .where(and(eq(tokens.id, id), isNull(tokens.revokedAt)))
      .returning({ id: tokens.id })
    if (rows.length === 0) return false
    await tx
      .insert(auditLog)
      .values({ actor: 'operator', action: 'token.revoked', target: String(id), details: {} })
    return true
  })
}

/** The principal of a living token, by its hash. */
export async function findPrincipal(orm: Orm, hash: Buffer): Promise<Principal | undefined> {
  const [row] = await orm
    .select({ id: tokens.id, name: tokens.name, integrations: tokens.integrations })
    .from(tokens)
    .where(
      and(
        eq(tokens.hash, hash),
        isNull(tokens.revokedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql`now()`)),
      ),
    )
  return row && { tokenId: row.id, name: row.name, integrations: new Set(row.integrations) }
}

/** Makes an integration, or renames the one with this id. */
export async function putIntegration(orm: Orm, id: IntegrationId, name: string): Promise<void> {
  await orm
    .insert(integrations)
    .values({ id, name })
    .onConflictDoUpdate({ target: integrations.id, set: { name } })
}

import { createHash, randomBytes } from 'node:crypto'
import { and, eq, gt, isNull, or, sql } from 'drizzle-orm'
import type { ApiScope, IntegrationId } from '@waybill/domain'
import { raiseConfigVersion } from '../config-version.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { auditLog, integrations, tokens } from '../schema/index.ts'

/** Who a request speaks for: an application by its token, or a person by their session. */
export type Principal = {
  kind: 'token' | 'session'
  /** The token's or the session's id. */
  tokenId: number
  name: string
  integrations: ReadonlySet<IntegrationId>
  /** The APIs it may call; null: all. */
  scopes: ReadonlySet<ApiScope> | null
  /** Whom mails about what it makes go to. */
  email: string | null
}

/** Who is written into the audit log. */
export const actorOf = ({ kind, tokenId }: Principal): string => `${kind}:${tokenId}`

export const mayCall = ({ scopes }: Principal, api: ApiScope): boolean => scopes === null || scopes.has(api)

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Makes an application token that reaches the integrations of `scope`. The token itself is returned only here. */
export async function createToken(
  orm: Orm,
  name: string,
  scope: IntegrationId[],
  { scopes = null, email = null }: { scopes?: ApiScope[] | null; email?: string | null } = {},
): Promise<{ id: number; token: string }> {
  const token = `wbt_${randomBytes(32).toString('base64url')}`
  return inTransaction(orm, async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const [row] = await tx
      .insert(tokens)
      .values({
        hash: hashToken(token),
        hint: token.slice(0, 8),
        name,
        integrations: scope,
        scopes,
        email,
        changedVersion,
      })
      .returning({ id: tokens.id })
    if (!row) throw new Error('the tokens table took no row')
    await tx.insert(auditLog).values({
      actor: 'operator',
      action: 'token.created',
      target: String(row.id),
      details: { name, scope, scopes },
    })
    return { id: row.id, token }
  })
}

/** Ends a token now; false when there is no such living token. Processes notice within their cache's lifetime. */
export async function revokeToken(orm: Orm, id: number): Promise<boolean> {
  return inTransaction(orm, async (tx) => {
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
    .select({
      id: tokens.id,
      name: tokens.name,
      integrations: tokens.integrations,
      scopes: tokens.scopes,
      email: tokens.email,
    })
    .from(tokens)
    .where(
      and(
        eq(tokens.hash, hash),
        isNull(tokens.revokedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql`now()`)),
      ),
    )
  if (!row) return undefined
  const { id, name, integrations: reached, scopes, email } = row
  return {
    kind: 'token',
    tokenId: id,
    name,
    integrations: new Set(reached),
    scopes: scopes && new Set(scopes),
    email,
  }
}

/** Makes an integration, or renames the one with this id. */
export async function putIntegration(orm: Orm, id: IntegrationId, name: string): Promise<void> {
  await orm
    .insert(integrations)
    .values({ id, name })
    .onConflictDoUpdate({ target: integrations.id, set: { name } })
}

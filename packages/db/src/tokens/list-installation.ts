import type { IntegrationId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'

/** A token as an operator may see it: never the token itself, only its first characters. */
export type TokenLine = {
  id: number
  hint: string
  name: string
  integrations: IntegrationId[]
  /** The APIs it may call, with commas between; null: all. */
  scopes: string | null
  createdAt: Date
  revokedAt: Date | null
}

/** Every token that was ever made, the oldest first. */
export async function listTokens(sql: Sql): Promise<TokenLine[]> {
  return sql<TokenLine[]>`
    SELECT id, hint, name, integrations, array_to_string(scopes, ',') AS scopes, created_at AS "createdAt", revoked_at AS "revokedAt"
    FROM tokens ORDER BY id`
}

export type IntegrationLine = { id: IntegrationId; name: string; createdAt: Date }

export async function listIntegrations(sql: Sql): Promise<IntegrationLine[]> {
  return sql<IntegrationLine[]>`SELECT id, name, created_at AS "createdAt" FROM integrations ORDER BY id`
}

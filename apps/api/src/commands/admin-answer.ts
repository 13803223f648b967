import { listIntegrations, type Database } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'

/** `out` is what a script wants to read, `note` what a person does. */
export type AdminAnswer = { exitCode: number; out?: string; note: string }

export type AdminDatabase = Pick<Database, 'sql' | 'orm'>

export const done = (note: string): AdminAnswer => ({ exitCode: 0, note })
export const failed = (note: string): AdminAnswer => ({ exitCode: 1, note })

/** A refusal naming the first of these integrations that is not there; undefined when all are. */
export async function refuseMissing(
  { sql }: AdminDatabase,
  integrations: readonly IntegrationId[],
): Promise<AdminAnswer | undefined> {
  const existing = new Set((await listIntegrations(sql)).map((integration) => integration.id))
  const missing = integrations.find((id) => !existing.has(id))
  if (missing === undefined) return undefined
  const remedy = `Make it first: integration put --id ${missing} --name <text>`
  return failed(`There is no integration ${missing}. ${remedy}`)
}

import { setTimeout as pause } from 'node:timers/promises'
import type { Sql, ViolationKind } from '@waybill/db'
import { auditLedger } from '../../../../apps/worker/src/audit/audit-ledger.ts'
import type { Failures } from './failures.ts'

/** C11: the service's own audit agrees that the ledger is whole, and balances. Some faults leave what it must tell. */
export async function checkAudit(sql: Sql, expected: readonly ViolationKind[] = []): Promise<Failures> {
  const deps = { sql: () => sql, pause: (ms: number): Promise<void> => pause(ms) }
  const { violations, balance } = await auditLedger(deps, {
    sinceMs: undefined,
    rows: 20_000,
    secondLookMs: 2_000,
  })
  const found = violations.filter(({ kind }) => !expected.includes(kind))
  const kinds = new Set(violations.map(({ kind }) => kind))
  return [
    ...found.slice(0, 5).map(({ kind, id, detail }) => `C11 the audit tells ${kind} of ${id}: ${detail}`),
    ...expected.filter((kind) => !kinds.has(kind)).map((kind) => `C11 the audit does not tell ${kind}`),
    ...(balance.missing > 0 && expected.length === 0
      ? [`C11 ${balance.missing} missing in the balance`]
      : []),
  ]
}

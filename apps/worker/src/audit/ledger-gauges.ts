import { violationKinds } from '@waybill/db'
import { gauge, type Registry } from '@waybill/runtime'
import type { LedgerReport } from './audit-ledger.ts'
import { terms } from './balance.ts'

export type LedgerGauges = {
  show(report: LedgerReport): void
  /** Another worker audits: what this one has seen is old. */
  clear(): void
}

/** The equation as gauges, of the worker that audits; the others show none of them. */
export function createLedgerGauges(registry: Registry, nowMs: () => number): LedgerGauges {
  const violations = gauge({
    registry,
    name: 'waybill_ledger_violations',
    help: 'What contradicts that nothing is lost, by kind, as of the last audit; pnpm audit-ledger lists them.',
    labels: ['kind'],
  })
  const plain = (name: string, help: string) => gauge({ registry, name, help })
  const accepted = plain('waybill_ledger_accepted', 'Newest triggers that the last audit compared.')
  const matched = plain('waybill_ledger_matched', 'Deliveries that the plans of the same time hold.')
  const missing = plain('waybill_ledger_missing', 'Of those, deliveries that are nowhere.')
  const deliveries = gauge({
    registry,
    name: 'waybill_ledger_deliveries',
    help: 'The newest deliveries by status; with waybill_ledger_missing they sum up to waybill_ledger_matched.',
    labels: ['status'],
  })
  let auditedAt: number | undefined
  const age = gauge({
    registry,
    name: 'waybill_ledger_age_seconds',
    help: 'Time since the last audit of the worker that audits.',
    collect: (self) => {
      if (auditedAt !== undefined) self.set((nowMs() - auditedAt) / 1_000)
    },
  })
  const clear = () => {
    auditedAt = undefined
    violations.reset()
    deliveries.reset()
    // A gauge without labels would otherwise say 0.
    for (const one of [accepted, matched, missing, age]) one.remove()
  }
  clear()
  return {
    show: ({ balance, violations: found }) => {
      auditedAt = nowMs()
      for (const kind of violationKinds)
        violations.set({ kind }, found.filter((one) => one.kind === kind).length)
      accepted.set(balance.accepted)
      matched.set(balance.matched)
      missing.set(balance.missing)
      for (const status of terms) deliveries.set({ status }, balance.deliveries[status])
    },
    clear,
  }
}

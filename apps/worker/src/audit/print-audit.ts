import { waitReasons, type Violation } from '@waybill/db'
import { dayOf } from '@waybill/domain'
import type { LedgerReport } from './audit-ledger.ts'
import { terms } from './balance.ts'
import { nextSteps, waitMeanings } from './next-steps.ts'

/** Names a row so that a person finds it in the API: with the master key by its public id, always by its number. */
export type NameRow = (subject: Violation['subject'], id: number) => string

/** Violations listed of each kind. */
const listed = 20

const count = (n: number) => n.toLocaleString('en-US')

/** The report for a terminal. */
export function printAudit(report: LedgerReport, name: NameRow): string[] {
  const { balance, violations, truncated, window } = report
  const since =
    window.from === 0 ? 'everything kept' : `since ${dayOf(window.from).toISOString().slice(0, 10)} (UTC)`
  const verdict =
    violations.length === 0
      ? 'The ledger is whole.'
      : `The ledger has ${count(violations.length)}${truncated ? ' or more' : ''} violations.`
  return [
    `Ledger, ${since}`,
    '',
    `  accepted  ${count(balance.accepted)} triggers`,
    `  matched   ${count(balance.matched)} deliveries =`,
    `            ${terms.map((term) => `${count(balance.deliveries[term])} ${term}`).join(' + ')}${
      balance.missing === 0 ? '' : ` + ${count(balance.missing)} MISSING`
    }`,
    ...printOpen(report),
    ...printWaiting(report, name),
    ...printViolations(violations, name),
    '',
    verdict,
  ]
}

function printOpen({ balance, open }: LedgerReport): string[] {
  const lines = []
  if (balance.retrying > 0) lines.push(`  of the failed, ${count(balance.retrying)} are to be tried again`)
  if (open.sending > 0)
    lines.push(`  of the pending, ${count(open.sending)} are planned and not yet recorded`)
  if (open.unplanned > 0)
    lines.push(
      `  ${count(open.unplanned)} triggers are accepted and not yet matched, in ${count(open.batches)} batches,`,
    )
  if (open.unplanned > 0) lines.push(`  the oldest for ${Math.round(open.oldestSeconds)} s`)
  return lines
}

function printWaiting({ waiting }: LedgerReport, name: NameRow): string[] {
  const lines = waitReasons.flatMap((why) => {
    const of = waiting.filter((one) => one.why === why)
    if (of.length === 0) return []
    const n = of.reduce((sum, one) => sum + one.n, 0)
    const oldest = Math.max(...of.map((one) => one.oldestSeconds))
    const most = of.reduce((a, b) => (b.n > a.n ? b : a))
    const due = oldest > 0 ? `, the oldest due for ${Math.round(oldest)} s` : ''
    const lanes = `most in ${name('subscription', most.subscription)}`
    return [`  ${why}: ${count(n)} in ${count(of.length)} lanes (${lanes})${due}`, `    ${waitMeanings[why]}`]
  })
  return lines.length === 0 ? [] : ['', 'Waiting', ...lines]
}

function printViolations(violations: readonly Violation[], name: NameRow): string[] {
  const kinds = [...new Set(violations.map((one) => one.kind))]
  return kinds.flatMap((kind) => {
    const of = violations.filter((one) => one.kind === kind)
    const rows = of.slice(0, listed).map(({ subject, id, subscription, detail }) => {
      const to = subscription === null ? '' : ` for ${name('subscription', subscription)}`
      return `  ${name(subject, id)}${to}: ${detail}`
    })
    const more = of.length > listed ? [`  and ${count(of.length - listed)} more; --json lists them`] : []
    return ['', `${kind} (${count(of.length)}): ${nextSteps[kind]}`, ...rows, ...more]
  })
}

/** The report for programs; ids are strings. */
export function auditAsJson(report: LedgerReport, name: NameRow): string {
  const { window, balance, open, waiting, violations, truncated } = report
  return JSON.stringify(
    {
      whole: violations.length === 0,
      window: { from: String(window.from), to: String(window.to) },
      accepted: balance.accepted,
      matched: balance.matched,
      deliveries: balance.deliveries,
      retrying: balance.retrying,
      missing: balance.missing,
      open: {
        batches: open.batches,
        unplanned_triggers: open.unplanned,
        unrecorded_deliveries: open.sending,
        oldest_seconds: open.oldestSeconds,
      },
      waiting: waiting.map(({ subscription, why, n, oldestSeconds }) => ({
        why,
        subscription: name('subscription', subscription),
        deliveries: n,
        oldest_seconds: oldestSeconds,
      })),
      truncated,
      violations: violations.map(({ kind, subject, id, subscription, detail }) => ({
        kind,
        subject,
        id: String(id),
        name: name(subject, id),
        subscription: subscription === null ? null : name('subscription', subscription),
        detail,
        next_step: nextSteps[kind],
      })),
    },
    undefined,
    2,
  )
}

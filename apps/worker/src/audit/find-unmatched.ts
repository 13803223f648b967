import {
  listMade,
  listMatched,
  listOpenBatches,
  scanTriggers,
  type AuditedTrigger,
  type AuditWindow,
  type MissingDeliveries,
  type Sql,
} from '@waybill/db'
import { asTriggerId } from '@waybill/domain'
import { expectMatches, type ExpectedMatches } from './expected-matches.ts'

/** Each is looked at again on its own; so many say enough. */
export const maxUnmatched = 1_000

/** Reads the window's triggers in pages; counts them and looks for deliveries that they had to make and did not. */
export async function findUnmatched(
  deps: { sql: () => Sql },
  window: AuditWindow,
  rows: number,
  goesOn: () => boolean,
): Promise<{ accepted: number; missing: MissingDeliveries[] }> {
  const expected = expectMatches(await listMatched(deps.sql()))
  const missing: MissingDeliveries[] = []
  let accepted = 0
  for (let from: number | undefined = window.from; from !== undefined && goesOn();) {
    const page: AuditedTrigger[] = await scanTriggers(deps.sql(), { from, to: window.to }, rows)
    accepted += page.length
    if (missing.length < maxUnmatched)
      missing.push(...(await unmatchedOf(deps.sql(), page, expected, window)))
    const last = page.at(-1)
    from = page.length === rows && last ? last.id + 1 : undefined
  }
  return { accepted, missing: missing.slice(0, maxUnmatched) }
}

/** Looks again at triggers that were found wanting. */
export async function findUnmatchedAgain(
  deps: { sql: () => Sql },
  violations: readonly MissingDeliveries[],
  { to }: AuditWindow,
): Promise<MissingDeliveries[]> {
  if (violations.length === 0) return []
  const expected = expectMatches(await listMatched(deps.sql()))
  const found: MissingDeliveries[] = []
  for (const id of new Set(violations.map((one) => one.id))) {
    const window = { from: id, to }
    const page = await scanTriggers(deps.sql(), { from: id, to: id + 1 }, 1)
    found.push(...(await unmatchedOf(deps.sql(), page, expected, window)))
  }
  return found
}

async function unmatchedOf(
  sql: Sql,
  triggers: readonly AuditedTrigger[],
  expected: ExpectedMatches,
  window: AuditWindow,
): Promise<MissingDeliveries[]> {
  const wanted = triggers.flatMap((trigger) =>
    expected(trigger).map((subscription) => ({ trigger: trigger.id, subscription })),
  )
  const lacking = async (pairs: typeof wanted) => {
    const made = await listMade(sql, [...new Set(pairs.map((pair) => pair.trigger))], window)
    return pairs.filter(({ trigger, subscription }) => !made.has(`${trigger}.${subscription}`))
  }
  const suspects = await lacking(wanted)
  if (suspects.length === 0) return []
  const ids = suspects.map((pair) => pair.trigger)
  // First the batches, then the deliveries once more: what no batch holds any longer was recorded before.
  const open = await listOpenBatches(sql, asTriggerId(Math.min(...ids)), asTriggerId(Math.max(...ids)))
  const isOpen = (id: number) =>
    open.some(({ firstTrigger, n }) => id >= firstTrigger && id < firstTrigger + n)
  const missing = await lacking(suspects.filter(({ trigger }) => !isOpen(trigger)))
  return missing.map(({ trigger, subscription }) => ({
    kind: 'matched_but_missing',
    subject: 'trigger',
    id: trigger,
    subscription,
    detail: 'it has no delivery for a subscription that matches it',
    missing: 1,
  }))
}

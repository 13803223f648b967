import { samplesOf } from '../../support/evaluate-rule.ts'
import type { FaultStack } from './fault-stack.ts'
import { mustHold, type Finding } from './judge.ts'
import { lasts } from './start-load.ts'

/** Looks for 6 s whether the queue brings batches again, and notes if it is still the sweeps that take them up. */
export async function expectQueue(stack: FaultStack): Promise<(finding: Finding) => void> {
  const before = healedBatches(stack)
  await lasts(6_000)
  const healed = healedBatches(stack) - before
  return (finding) => {
    finding.notes.push(`${healed} batches taken up by sweeps in 6 s after it`)
    mustHold(finding, healed < 10, 'the queue brings nothing any more')
  }
}

function healedBatches({ watch }: FaultStack): number {
  const pages = watch.sights.at(-1)?.processes.flatMap(({ page }) => (page === undefined ? [] : [page])) ?? []
  const counters = pages
    .flatMap((page) => samplesOf(page, 'waybill_sweep_healed_total'))
    .filter(({ labels }) => labels['what'] === 'batch')
  if (counters.length === 0) throw new Error('no worker tells what its sweep took up')
  return counters.reduce((sum, { value }) => sum + value, 0)
}

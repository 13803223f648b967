import { samplesOf } from '../../support/evaluate-rule.ts'
import type { FaultStack } from './fault-stack.ts'
import { lasts } from './start-load.ts'

/** How many batches the sweeps take up within `ms` that the queue should have brought. */
export async function healedWithin(stack: FaultStack, ms: number): Promise<number> {
  const before = healedBatches(stack)
  await lasts(ms)
  return healedBatches(stack) - before
}

function healedBatches({ watch }: FaultStack): number {
  const pages = watch.sights.at(-1)?.processes.flatMap(({ page }) => (page === undefined ? [] : [page])) ?? []
  const counters = pages
    .flatMap((page) => samplesOf(page, 'waybill_sweep_healed_total'))
    .filter(({ labels }) => labels['what'] === 'batch')
  if (counters.length === 0) throw new Error('no worker tells what its sweep took up')
  return counters.reduce((sum, { value }) => sum + value, 0)
}

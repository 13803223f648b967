import { createLoop } from '@waybill/runtime'
import { heal, sweep, sweepBulk, type SweepDeps } from './sweep.ts'

/** Each comes round by itself: a backlog that keeps one at work for minutes must not keep dead workers' work waiting. */
export function createSweepLoops(deps: SweepDeps) {
  const { config, logger } = deps
  const often = { everyMs: config.sweepMs, jitter: 0.1, logger }
  return [
    createLoop({ name: 'heal', run: () => heal(deps), ...often }),
    createLoop({ name: 'sweep', run: (signal) => sweep(deps, signal), ...often }),
    createLoop({ name: 'sweep-bulk', run: (signal) => sweepBulk(deps, signal), ...often }),
  ]
}

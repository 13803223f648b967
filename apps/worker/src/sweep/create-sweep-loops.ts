import { createLoop } from '@waybill/runtime'
import { heal, sweepBatches, sweepLanes, type SweepDeps } from './sweep.ts'

/**
 * Each comes round by itself: a backlog that keeps one at work for minutes must not keep dead workers' work waiting. What was
 * given back is taken up at once, not when the next sweep is due.
 */
export function createSweepLoops(deps: SweepDeps) {
  const { config, logger } = deps
  const often = { everyMs: config.sweepMs, jitter: 0.1, logger }
  const sweeps = [
    createLoop({ name: 'sweep-batches', run: (signal) => sweepBatches(deps, signal, false), ...often }),
    createLoop({ name: 'sweep-bulk', run: (signal) => sweepBatches(deps, signal, true), ...often }),
    createLoop({ name: 'sweep-lanes', run: (signal) => sweepLanes(deps, signal), ...often }),
  ]
  const healing = createLoop({
    name: 'heal',
    run: async () => {
      if (await heal(deps)) for (const loop of sweeps) loop.kick()
    },
    ...often,
  })
  return [healing, ...sweeps]
}

import type { DeliveryId } from '@waybill/domain'
import { recordLaterOutcomes, type LaterOutcome, type Storage } from '@waybill/db'
import { faultPoint } from '@waybill/fault-points'
import { createGroupCommit, type Logger } from '@waybill/runtime'
import { OutcomeRefused, storeSingly } from './store-singly.ts'
import { writeUntilStored } from './write-until-stored.ts'

export type LaterRecorder = {
  /** Resolves once the outcome is committed; false when it had been recorded before. Rejects with OutcomeRefused. */
  record(outcome: LaterOutcome): Promise<boolean>
  pending(): { rows: number; oldestAgeMs: number }
  idle(): Promise<void>
}

/** Group commit of the outcomes of lanes. */
export function createLaterRecorder(deps: {
  storage: Pick<Storage, 'sql'>
  logger: Logger
  pause: (ms: number) => Promise<void>
}): LaterRecorder {
  const write = (outcomes: readonly LaterOutcome[]) =>
    writeUntilStored(() => recordLaterOutcomes(deps.storage.sql, outcomes), deps)
  const writeSingly = async (outcomes: readonly LaterOutcome[]) => {
    const taken = new Set<DeliveryId>()
    const store = async (outcome: LaterOutcome) => {
      for (const delivery of await write([outcome])) taken.add(delivery)
    }
    return { taken, refused: await storeSingly(outcomes, store, deps.logger) }
  }
  const group = createGroupCommit<LaterOutcome, boolean | OutcomeRefused>({
    weigh: () => ({ rows: 1, bytes: 0 }),
    flush: async (outcomes) => {
      faultPoint('record.later-begun')
      const { taken, refused } = await write(outcomes).then(
        (all) => ({ taken: all, refused: new Set<LaterOutcome>() }),
        (error: unknown) => {
          deps.logger.error('record.refused', { error })
          return writeSingly(outcomes)
        },
      )
      faultPoint('record.later-stored')
      return outcomes.map((outcome) =>
        refused.has(outcome) ? new OutcomeRefused('it cannot be recorded') : taken.has(outcome.delivery),
      )
    },
  })
  return {
    record: async (outcome) => {
      const result = await group.submit(outcome)
      if (result instanceof OutcomeRefused) throw result
      return result
    },
    pending: () => group.pending(),
    idle: () => group.idle(),
  }
}

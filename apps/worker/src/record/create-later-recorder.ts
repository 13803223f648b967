import { recordLaterOutcomes, type LaterOutcome, type Storage } from '@waybill/db'
import { faultPoint } from '@waybill/fault-points'
import { createGroupCommit, type Logger } from '@waybill/runtime'
import { plainOutcome } from './plain-outcome.ts'
import { writeUntilStored } from './write-until-stored.ts'

export type LaterRecorder = {
  /** Resolves once the outcome is committed; false when it had been recorded before. */
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
  const group = createGroupCommit<LaterOutcome, boolean>({
    weigh: () => ({ rows: 1, bytes: 0 }),
    flush: async (outcomes) => {
      faultPoint('record.later-begun')
      const taken = await write(outcomes).catch((error: unknown) => {
        deps.logger.error('record.refused', { error })
        return write(outcomes.map(plainOutcome))
      })
      faultPoint('record.later-stored')
      return outcomes.map((outcome) => taken.has(outcome.delivery))
    },
  })
  return {
    record: (outcome) => group.submit(outcome),
    pending: () => group.pending(),
    idle: () => group.idle(),
  }
}

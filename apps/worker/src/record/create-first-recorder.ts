import { recordFirstOutcomes, type FirstOutcome, type Storage } from '@waybill/db'
import type { BatchId, WorkerId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import { createGroupCommit, type Logger } from '@waybill/runtime'
import { plainOutcome } from './plain-outcome.ts'
import { writeUntilStored } from './write-until-stored.ts'

/** Outcomes of one batch that belong in one flush; `finishes` deletes the batch with them. */
export type FirstChunk = { outcomes: FirstOutcome[]; finishes: BatchId | undefined }

export type FirstRecorder = {
  /** Resolves once the chunk is committed. */
  record(chunk: FirstChunk): Promise<void>
  /** Counts outcomes that wait for batch mates before they are recorded; negative when they are handed over. */
  gathering(rows: number): void
  pending(): { rows: number; oldestAgeMs: number }
  idle(): Promise<void>
}

/** Group commit of first outcomes; `recorded` is told every outcome that is committed. */
export function createFirstRecorder(deps: {
  storage: Pick<Storage, 'sql'>
  worker: WorkerId
  logger: Logger
  pause: (ms: number) => Promise<void>
  recorded: (outcomes: readonly FirstOutcome[]) => void
}): FirstRecorder {
  const { storage, worker } = deps
  const write = (chunks: readonly FirstChunk[]) =>
    writeUntilStored(
      () =>
        recordFirstOutcomes(
          storage.sql,
          worker,
          chunks.flatMap((chunk) => chunk.outcomes),
          chunks.flatMap((chunk) => (chunk.finishes === undefined ? [] : [chunk.finishes])),
        ),
      deps,
    )
  const group = createGroupCommit<FirstChunk, undefined>({
    weigh: (chunk) => ({ rows: chunk.outcomes.length, bytes: bytesOf(chunk) }),
    maxRows: 1_000,
    flush: async (chunks) => {
      faultPoint('record.first-begun')
      try {
        await write(chunks)
      } catch (error) {
        // Refused data: store each chunk without what the receiver answered, which is the only free text in it.
        deps.logger.error('record.refused', { error })
        for (const chunk of chunks) await write([{ ...chunk, outcomes: chunk.outcomes.map(plainOutcome) }])
      }
      faultPoint('record.first-stored')
      for (const chunk of chunks) deps.recorded(chunk.outcomes)
      faultPoint('record.first-announced')
      return chunks.map(() => undefined)
    },
  })
  let gathered = 0
  return {
    record: (chunk) => group.submit(chunk),
    gathering: (rows) => {
      gathered += rows
    },
    pending: () => {
      const { rows, oldestAgeMs } = group.pending()
      return { rows: rows + gathered, oldestAgeMs }
    },
    idle: () => group.idle(),
  }
}

/** What receivers answered is the only part of an outcome that can be large. */
const bytesOf = ({ outcomes }: FirstChunk): number =>
  outcomes.reduce(
    (sum, { attempt }) =>
      sum + (attempt?.responseBody?.length ?? 0) + (attempt?.responseHeaders?.length ?? 0),
    0,
  )

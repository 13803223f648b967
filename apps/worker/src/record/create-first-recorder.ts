import { recordFirstOutcomes, type FirstOutcome, type Storage } from '@waybill/db'
import type { BatchId, WorkerId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import { createGroupCommit, type Logger } from '@waybill/runtime'
import { OutcomeRefused, storeSingly } from './store-singly.ts'
import { writeUntilStored } from './write-until-stored.ts'

/** Outcomes of one batch that belong in one flush; `finishes` deletes the batch with them. */
export type FirstChunk = { outcomes: FirstOutcome[]; finishes: BatchId | undefined }

export type FirstRecorder = {
  /** Resolves once the chunk is committed. Rejects with OutcomeRefused where some of it cannot be; then nothing is finished. */
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
  /** Returns what of the chunk is stored. */
  const writeSingly = async ({ outcomes, finishes }: FirstChunk): Promise<readonly FirstOutcome[]> => {
    const store = (outcome: FirstOutcome) => write([{ outcomes: [outcome], finishes: undefined }])
    const refused = await storeSingly(outcomes, store, deps.logger)
    if (refused.size === 0) await write([{ outcomes: [], finishes }])
    return outcomes.filter((outcome) => !refused.has(outcome))
  }
  const group = createGroupCommit<FirstChunk, OutcomeRefused | undefined>({
    weigh: (chunk) => ({ rows: chunk.outcomes.length, bytes: bytesOf(chunk) }),
    maxRows: 1_000,
    flush: async (chunks) => {
      faultPoint('record.first-begun')
      const stored = await write(chunks).then(
        () => chunks.map(({ outcomes }) => outcomes),
        async (error: unknown) => {
          deps.logger.error('record.refused', { error })
          const each: (readonly FirstOutcome[])[] = []
          for (const chunk of chunks) each.push(await writeSingly(chunk))
          return each
        },
      )
      faultPoint('record.first-stored')
      for (const outcomes of stored) deps.recorded(outcomes)
      faultPoint('record.first-announced')
      return chunks.map(({ outcomes }, i) =>
        stored[i]?.length === outcomes.length ? undefined : new OutcomeRefused('not all could be recorded'),
      )
    },
  })
  let gathered = 0
  return {
    record: async (chunk) => {
      const refused = await group.submit(chunk)
      if (refused) throw refused
    },
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

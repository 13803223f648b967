import type { FirstOutcome } from '@waybill/db'
import { statusByCode, type BatchId, type DeliveryStatus } from '@waybill/domain'
import type { FirstRecorder } from '../record/create-first-recorder.ts'

/** A batch whose plan is being sent. Every planned delivery is reported to it exactly once. */
export type OpenBatch = {
  add(outcome: FirstOutcome): void
  /** Resolves when the last outcome is committed and the batch row is gone; rejects when some could not be recorded. */
  settled: Promise<Tally>
}

/** How the deliveries of a batch began. */
export type Tally = Partial<Record<DeliveryStatus, number>>

/** How long an outcome may wait in memory for batch mates to share its statement, in ms. */
const gatherMs = 40
/** Outcomes that are enough for a statement of their own. */
const enough = 256

/**
 * Gathers the outcomes of a batch into few chunks. The chunk with the last outcomes also deletes the batch row, so
 * it is handed over only after every earlier chunk was acknowledged.
 *
 * @param planned how many outcomes will come; at least 1
 */
export function createOpenBatch(
  batch: BatchId,
  planned: number,
  recorder: Pick<FirstRecorder, 'record' | 'gathering'>,
): OpenBatch {
  let gathered: FirstOutcome[] = []
  let missing = planned
  let timer: NodeJS.Timeout | undefined
  const handedOver: Promise<void>[] = []
  const tally: Tally = {}
  let finish: (result: Promise<Tally>) => void
  const settled = new Promise<Tally>((resolve) => (finish = resolve))

  const record = (outcomes: FirstOutcome[], finishes: BatchId | undefined) => {
    recorder.gathering(-outcomes.length)
    return recorder.record({ outcomes, finishes })
  }
  const handOver = () => {
    clearTimeout(timer)
    timer = undefined
    const outcomes = gathered
    gathered = []
    if (missing > 0) {
      const recorded = record(outcomes, undefined)
      // Told by `settled`; until the last outcome nobody else listens.
      recorded.catch(() => {})
      handedOver.push(recorded)
    } else finish(finishWith(outcomes))
  }
  const finishWith = async (outcomes: FirstOutcome[]): Promise<Tally> => {
    const earlier = await Promise.allSettled(handedOver)
    const refused = earlier.find((one) => one.status === 'rejected')
    // What cannot be recorded keeps the batch open, and the last outcomes from nothing.
    await record(outcomes, refused ? undefined : batch)
    if (refused) throw refused.reason
    return tally
  }
  return {
    settled,
    add: (outcome) => {
      gathered.push(outcome)
      recorder.gathering(1)
      missing -= 1
      const status = statusByCode(outcome.status) ?? 'pending'
      tally[status] = (tally[status] ?? 0) + 1
      if (missing === 0 || gathered.length >= enough) handOver()
      else timer ??= setTimeout(handOver, gatherMs)
    },
  }
}

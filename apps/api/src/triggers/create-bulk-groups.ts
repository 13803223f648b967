import type { IntegrationId } from '@waybill/domain'
import { createSemaphore, type GroupCommit } from '@waybill/runtime'

export type BulkGroups<Item, Result> = {
  /** @param amount how much the integration sent of late */
  submit(integration: IntegrationId, amount: number, item: Item): Promise<Result>
  /** Rows that wait or are being stored: of one integration, and of all. */
  rowsOf(integration: IntegrationId): number
  rows(): number
  idle(): Promise<void>
}

type Open<Item, Result> = { group: GroupCommit<Item, Result>; amount: number }

/**
 * One group for each integration that sends in bulk, for as long as it has something waiting. Their flushes run one at a
 * time and in turns, so that neither the database nor one another's triggers wait long for a flood.
 *
 * @param pauseAfter how long the database is left to others after a flush; undefined: not at all
 * @param open makes a group; its flushes wait for `turn`, and `amount` is what the integration sent of late
 */
export function createBulkGroups<Item, Result>(
  monotonic: () => number,
  pauseAfter: (tookMs: number) => Promise<void> | undefined,
  open: (turn: <T>(work: () => Promise<T>) => Promise<T>, amount: () => number) => GroupCommit<Item, Result>,
): BulkGroups<Item, Result> {
  const groups = new Map<IntegrationId, Open<Item, Result>>()
  const turns = createSemaphore(1)
  const turn = async <T>(work: () => Promise<T>): Promise<T> => {
    await turns.acquire()
    const startedAt = monotonic()
    try {
      return await work()
    } finally {
      const pause = pauseAfter(monotonic() - startedAt)
      if (pause) void pause.then(() => turns.release())
      else turns.release()
    }
  }
  const groupOf = (integration: IntegrationId): Open<Item, Result> => {
    const known = groups.get(integration)
    if (known) return known
    const made: Open<Item, Result> = { group: open(turn, () => made.amount), amount: 0 }
    groups.set(integration, made)
    return made
  }
  const pendingRows = (one: Open<Item, Result> | undefined): number => one?.group.pending().rows ?? 0

  return {
    submit: (integration, amount, item) => {
      const one = groupOf(integration)
      one.amount = amount
      return one.group.submit(item).finally(() => {
        if (one.group.pending().items === 0) groups.delete(integration)
      })
    },
    rowsOf: (integration) => pendingRows(groups.get(integration)),
    rows: () => [...groups.values()].reduce((sum, one) => sum + pendingRows(one), 0),
    idle: async () => {
      await Promise.all([...groups.values()].map(({ group }) => group.idle()))
    },
  }
}

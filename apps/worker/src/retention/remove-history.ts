import {
  dropPartition,
  findHold,
  finishDrops,
  holdRetention,
  listExpiredPartitions,
  partitionedTables,
  publishFloor,
  readHistory,
  type Partition,
  type PartitionedTable,
  type Sql,
} from '@waybill/db'
import type { WorkerDeps } from '../deps.ts'
import { purgeRows } from './purge-rows.ts'

export type RetentionDeps = Pick<WorkerDeps, 'sql' | 'logger' | 'metrics'> & {
  config: Pick<WorkerDeps['config'], 'databaseUrl'>
}

/**
 * Removes what is older than history is kept: whole partitions, then rows of the small tables. Of all workers one does it at
 * a time, over a connection of its own, and nobody waits for it. Whatever fails is tried again an hour later.
 */
export async function removeHistory(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  const { logger, metrics } = deps
  // A step that fails must not keep the others from their work.
  const step = (name: string, work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      if (!signal.aborted) logger.warn('retention.failed', { step: name, error })
    })
  await holdRetention(deps.config.databaseUrl, signal, async (sql) => {
    await step('finish', finish(deps, sql))
    await step('floor', publishFloor(sql))
    for (const table of partitionedTables) await step(table, dropExpired(deps, sql, table, signal))
    await purgeRows({ sql, logger, step }, signal)
  })
  if (!signal.aborted) metrics.history(await readHistory(deps.sql))
}

async function finish({ logger, metrics }: RetentionDeps, sql: Sql): Promise<void> {
  for (const name of await finishDrops(sql)) {
    metrics.partitionDropped()
    logger.info('partition.dropped', { name })
  }
}

/** Partition by partition: one that must stay does not keep newer ones. */
async function dropExpired(
  { logger, metrics }: RetentionDeps,
  sql: Sql,
  table: PartitionedTable,
  signal: AbortSignal,
): Promise<void> {
  const blocked: Partition['name'][] = []
  for (const partition of await listExpiredPartitions(sql, table)) {
    if (signal.aborted) return
    const hold = await findHold(sql, partition)
    if (hold === 'unsettled') blocked.push(partition.name)
    if (hold !== undefined) continue
    await dropPartition(sql, partition)
    metrics.partitionDropped()
    logger.info('partition.dropped', { name: partition.name })
  }
  if (blocked.length > 0) logger.warn('retention.blocked', { table, partitions: blocked })
}

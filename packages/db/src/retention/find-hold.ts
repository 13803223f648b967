import type { SqlOrTransaction } from '../open-database.ts'
import type { Partition } from './partition.ts'

/**
 * Why a partition must stay. `unsettled`: a due delivery, or an open batch, needs what is in it. `referred`: what is kept
 * belongs to it, and it goes once that has gone.
 */
export type Hold = 'unsettled' | 'referred'

/**
 * What keeps a partition, if anything does. One look is enough for partitions below the published floor; see
 * {@link publishFloor}. Batches are looked at in the same statement as what they become, since a batch goes in the
 * statement that records its last deliveries.
 */
export async function findHold(sql: SqlOrTransaction, partition: Partition): Promise<Hold | undefined> {
  const [row] = await (partition.table === 'triggers' ? holdOfTriggers : holdOfDeliveries)(sql, partition)
  if (!row || row.unsettled) return 'unsettled'
  return row.referred ? 'referred' : undefined
}

type Holds = { unsettled: boolean; referred: boolean }

/** A trigger may be many days older than its delivery: batches wait while no worker runs, or in quarantine. */
const holdOfTriggers = (sql: SqlOrTransaction, { low, high }: Partition) => sql<Holds[]>`
  SELECT EXISTS (SELECT FROM batches WHERE first_trigger >= ${low}::bigint AND first_trigger < ${high}::bigint)
      OR EXISTS (
        SELECT FROM deliveries d JOIN due ON due.delivery = d.id
        WHERE d.trigger >= ${low}::bigint AND d.trigger < ${high}::bigint AND d.id >= ${low}::bigint
      ) AS unsettled,
    EXISTS (
      SELECT FROM deliveries WHERE trigger >= ${low}::bigint AND trigger < ${high}::bigint AND id >= ${low}::bigint
    ) AS referred`

/** Attempts are kept like the deliveries they belong to, and as long as those. */
const holdOfDeliveries = (sql: SqlOrTransaction, { table, low, high }: Partition) => sql<Holds[]>`
  SELECT EXISTS (SELECT FROM due WHERE delivery >= ${low}::bigint AND delivery < ${high}::bigint)
      OR EXISTS (SELECT FROM batches WHERE base >= ${low}::bigint AND base < ${high}::bigint) AS unsettled,
    ${table === 'attempts'}::boolean
      AND EXISTS (SELECT FROM deliveries WHERE id >= ${low}::bigint AND id < ${high}::bigint) AS referred`

import type { SqlOrTransaction } from '../open-database.ts'

/**
 * The partitioned tables in the order in which their history goes: attempts after the deliveries they belong to, so that
 * no outcome finds its delivery and no place for its attempt, and triggers when no delivery refers to them any more.
 */
export const partitionedTables = ['deliveries', 'attempts', 'triggers'] as const
export type PartitionedTable = (typeof partitionedTables)[number]

/** A partition with the ids it takes: `low` up to but without `high`. */
export type Partition = { table: PartitionedTable; name: string; low: number; high: number }

/** What says of a partition that it is ours to drop, also once it is no partition any more. */
export const droppedMark = 'waybill: history to be dropped'

/** All partitions that are not being detached, as rows of {@link Partition}. One whose bounds are no ids is not ours. */
export const selectPartitions = (sql: SqlOrTransaction) => sql`
  SELECT parent.relname AS "table", part.relname AS name, bounds[1]::bigint AS low, bounds[2]::bigint AS high
  FROM pg_inherits i
  JOIN pg_class parent ON parent.oid = i.inhparent
  JOIN pg_class part ON part.oid = i.inhrelid,
  LATERAL regexp_match(pg_get_expr(part.relpartbound, part.oid),
    '^FOR VALUES FROM [(]''([0-9]+)''[)] TO [(]''([0-9]+)''[)]$') AS bounds
  WHERE i.inhparent = ANY(${[...partitionedTables]}::text[]::regclass[]) AND NOT i.inhdetachpending
    AND bounds IS NOT NULL`

/** The first id that history must keep for its age alone: of the day `retention.days` ago. Joins nothing but retention r. */
export const firstKeptId = (sql: SqlOrTransaction) => sql`
  ((now() AT TIME ZONE 'UTC')::date - date '2020-01-01' - r.days)::bigint * 100000000000`

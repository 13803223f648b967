import { setTimeout as pause } from 'node:timers/promises'
import { readMigrationFiles, type MigrationMeta } from 'drizzle-orm/migrator'
import type postgres from 'postgres'
import { buildIndex } from './build-index.ts'
import { retryLocks } from './retry-locks.ts'
import { toStages, type Stage } from './to-stages.ts'

type Log = (text: string) => void

/** Between two steps, so that they do not take all there is of the disk. */
const betweenStepsMs = 20

/**
 * Applies what is new in the folder, by Drizzle's journal and in Drizzle's table, but each migration in stages (see
 * to-stages.ts) where Drizzle would take one transaction for all of them. How far a migration came is kept, so that the
 * next run goes on there.
 */
export async function applyMigrations(client: postgres.Sql, folder: string, log: Log): Promise<void> {
  await client.unsafe(`
    CREATE SCHEMA IF NOT EXISTS drizzle;
    CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
    CREATE TABLE IF NOT EXISTS drizzle.waybill_progress (migration bigint PRIMARY KEY, stages int NOT NULL)`)
  const [row] = await client<{ newest: number }[]>`
    SELECT coalesce(max(created_at), 0)::float8 AS newest FROM drizzle.__drizzle_migrations`
  const newest = row?.newest ?? 0
  const fresh = readMigrationFiles({ migrationsFolder: folder }).filter((one) => one.folderMillis > newest)
  for (const migration of fresh) await applyMigration(client, migration, log)
}

async function applyMigration(client: postgres.Sql, migration: MigrationMeta, log: Log): Promise<void> {
  const [row] = await client<{ stages: number }[]>`
    SELECT stages FROM drizzle.waybill_progress WHERE migration = ${migration.folderMillis}::bigint`
  const stages = toStages(migration.sql)
  for (const [i, stage] of stages.entries()) {
    if (i < (row?.stages ?? 0)) continue
    const keep = (tx: postgres.Sql | postgres.TransactionSql) =>
      keepProgress(tx, migration, i + 1, stages.length)
    await runStage(client, stage, keep, log)
  }
}

type Keep = (tx: postgres.TransactionSql) => Promise<void>

async function runStage(client: postgres.Sql, stage: Stage, keep: Keep, log: Log): Promise<void> {
  if (stage.kind === 'together') {
    await retryLocks(client, log, async (tx, run) => {
      for (const statement of stage.statements) await run(statement)
      await keep(tx)
    })
    return
  }
  if (stage.kind === 'index') await buildIndex(client, stage, log)
  else await runSteps(client, stage.statement, log)
  await client.begin(keep)
}

/**
 * Each step commits by itself, so that no row stays locked for long. The statement may ask `waybill.stage_began` for the time:
 * without such a bound, an older version that goes on writing would keep it from ever coming to an end.
 */
async function runSteps(client: postgres.Sql, statement: string, log: Log): Promise<void> {
  await client`SELECT set_config('waybill.stage_began', now()::text, false)`
  const step = () => retryLocks(client, log, async (_tx, run) => (await run(statement)).count)
  while ((await step()) > 0) await pause(betweenStepsMs)
}

/** In the transaction of the stage itself where it has one. With the last stage the migration is applied. */
async function keepProgress(
  tx: postgres.Sql | postgres.TransactionSql,
  { folderMillis, hash }: MigrationMeta,
  stages: number,
  all: number,
): Promise<void> {
  if (stages < all) {
    await tx`INSERT INTO drizzle.waybill_progress (migration, stages) VALUES (${folderMillis}::bigint, ${stages})
      ON CONFLICT (migration) DO UPDATE SET stages = excluded.stages`
    return
  }
  await tx`DELETE FROM drizzle.waybill_progress WHERE migration = ${folderMillis}::bigint`
  await tx`INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES (${hash}, ${folderMillis}::bigint)`
}

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { migrateDatabase } from '@waybill/db'
import { startEmbeddedPostgres } from '@waybill/embedded'
import { migrateQueue } from '@waybill/queue'
import { startRedis } from '@waybill/testing'
import type { Bench } from './bench.ts'
import type { Contender } from './contender.ts'
import { observePostgres, observeRedis } from './counters.ts'
import type { PostgresObserver } from './counters.ts'
import { seedStack } from './seed-stack.ts'
import type { SeededStack } from './seed-stack.ts'
import { startApps } from './start-apps.ts'
import type { Apps } from './start-apps.ts'
import { watchStack } from './watch-stack.ts'
import type { Pids } from './watch-stack.ts'

/** Waybill: its own Postgres, on request its own Redis, one api and one worker. */
export type Stack = Contender & {
  pids: Pids
  observer: PostgresObserver
  seeded: SeededStack
  /** Ends api and worker in order. The servers stay, so that what is stored can be read. */
  stopApps(): Promise<void>
  /** Where the apps left their CPU profiles. */
  profiles: Apps['profiles']
}

/**
 * As durable as production. A checkpoint makes the next change of every page cost a whole page of WAL: none falls into
 * one repeat and not into the others.
 */
const settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_preload_libraries: 'pg_stat_statements',
  checkpoint_timeout: '1h',
  max_wal_size: '8GB',
}

/** With one subscription that listens to everything, and another integration with one where there shall be a flood. */
export function startStack(
  bench: Bench,
  backend: 'redis' | 'postgres',
  receiverUrl: string,
  floodReceiverUrl?: string,
): Promise<Stack> {
  const path = `/${backend}`
  const seed: Seed = (databaseUrl, masterKey) =>
    seedStack(databaseUrl, masterKey, {
      subscriberUrl: `${receiverUrl}${path}`,
      floodUrl: floodReceiverUrl === undefined ? undefined : `${floodReceiverUrl}${path}`,
      inFlightLimit: bench.options.inFlight,
    })
  return startSeededStack(bench, backend, path, seed)
}

/** Fills the new database before api and worker see it. */
export type Seed = (databaseUrl: string, masterKey: Buffer) => Promise<SeededStack>

export async function startSeededStack(
  bench: Bench,
  backend: 'redis' | 'postgres',
  path: string,
  seed: Seed,
): Promise<Stack> {
  const { folder, resources } = bench
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, backend),
    logger: () => {},
    settings,
  })
  resources.add('PostgreSQL', () => postgres.stop('immediate'))
  await migrateDatabase(postgres.url)
  if (backend === 'postgres') await migrateQueue({ backend, databaseUrl: postgres.url })
  const redis = backend === 'redis' ? await startRedis() : undefined
  if (redis) resources.add('Redis', () => redis.stop())

  const masterKey = randomBytes(32)
  const seeded = await seed(postgres.url, masterKey)
  const observer = await observePostgres(bench, postgres.url)
  const apps = await startApps(bench, backend, {
    databaseUrl: postgres.url,
    redisUrl: redis?.url,
    masterKey,
  })
  const pids = { api: apps.api.pid, worker: apps.worker.pid, postgres: postgres.pid, redis: redis?.pid }
  return {
    pids,
    name: `Waybill ${backend}`,
    origin: apps.origin,
    headers: { authorization: `Bearer ${seeded.token}` },
    path,
    watch: watchStack(pids, observer, redis && observeRedis(bench, redis.url)),
    settled: (timeoutMs) => settled(observer, timeoutMs),
    observer,
    seeded,
    stopApps: apps.stop,
    profiles: apps.profiles,
  }
}

const lookAgainMs = 20

async function settled({ sql }: PostgresObserver, timeoutMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs
  do {
    const [row] = await sql<{ done: boolean }[]>`
      SELECT /* bench */ NOT EXISTS (SELECT FROM batches) AND NOT EXISTS (SELECT FROM due) AS done`
    if (row?.done) return true
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  } while (performance.now() < giveUpAt)
  return false
}

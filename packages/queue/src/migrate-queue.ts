import { runMigrations } from 'bullmq'
import { defaultSchema } from './queue-config.ts'
import type { QueueConfig } from './queue-config.ts'
import { withPostgresClient } from './with-postgres-client.ts'

/**
 * Brings the queue's schema in Postgres to what this BullMQ needs, and does nothing when it is there already. Several
 * may run at once: BullMQ takes a lock. Redis needs no schema. https://docs.bullmq.io/guide/postgresql
 */
export const migrateQueue = async (config: QueueConfig): Promise<void> => {
  if (config.backend === 'redis') return
  await withPostgresClient(config.databaseUrl, (client) =>
    runMigrations(client, config.schema ?? defaultSchema),
  )
}

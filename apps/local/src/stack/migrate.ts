import { migrateDatabase } from '@waybill/db'
import { migrateQueue, queueConfigFrom } from '@waybill/queue'

/** Brings the database, and the queue if it lives there, to the newest schema. Returns where the queue lives. */
export async function migrate(
  databaseUrl: string,
  redisUrl: string | undefined,
): Promise<'postgres' | 'redis'> {
  await migrateDatabase(databaseUrl)
  const queue = queueConfigFrom({ databaseUrl, redisUrl })
  await migrateQueue(queue)
  return queue.backend
}

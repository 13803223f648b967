import { migrateDatabase } from '@waybill/db'
import { migrateQueue, queueConfigFrom } from '@waybill/queue'
import { exitOnBadEnvironment, readEnv } from '@waybill/runtime'
import { z } from 'zod'

const schema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
})

const env = exitOnBadEnvironment(() => readEnv(schema, process.env))
const queue = queueConfigFrom({ databaseUrl: env.DATABASE_URL, redisUrl: env.REDIS_URL })

try {
  await migrateDatabase(env.DATABASE_URL, { log: (text) => process.stdout.write(`database: ${text}\n`) })
  process.stdout.write('database: migrated\n')
  // The queue's own tables are wanted only where it lives in Postgres.
  await migrateQueue(queue)
  process.stdout.write(`queue: ${queue.backend === 'redis' ? 'on Redis, nothing to migrate' : 'migrated'}\n`)
} catch (error) {
  process.stderr.write(`The migration failed: ${reasonOf(error)}\n`)
  process.exitCode = 1
}

/** What the server or the network said; a failed statement's own text is only in the way. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : error.name)
}

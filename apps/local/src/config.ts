import { exitOnBadEnvironment, base64Key, list, readEnv } from '@waybill/runtime'
import { z } from 'zod'

const schema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  WAYBILL_MASTER_KEY: base64Key(32).optional(),
  EGRESS_ALLOW: list.default([]),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  SCHEDULE_SCALE: z.coerce.number().positive().max(1).optional(),
})

/** Reads the environment once; a bad one ends the process with code 78 and names every bad variable. */
export function readConfig(env: NodeJS.ProcessEnv) {
  const e = exitOnBadEnvironment(() => readEnv(schema, env))
  return Object.freeze({
    /** A PostgreSQL of the person's own instead of the embedded one. */
    databaseUrl: e.DATABASE_URL,
    /** Not set: the queue lives in Postgres. */
    redisUrl: e.REDIS_URL,
    secrets: { masterKey: e.WAYBILL_MASTER_KEY },
    egressAllow: e.EGRESS_ALLOW,
    logLevel: e.LOG_LEVEL,
    scheduleScale: e.SCHEDULE_SCALE,
    /** Everything else api and worker may read is passed on to them as it is. */
    inherited: env,
  })
}

export type LocalConfig = ReturnType<typeof readConfig>

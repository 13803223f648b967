import { createAddressPolicy } from '@waybill/egress'
import { base64Key, exitOnBadEnvironment, flag, list, milliseconds, port, readEnv } from '@waybill/runtime'
import { parseSender } from '@waybill/mail'
import { z } from 'zod'

/** Networks, addresses and names that endpoints may have beyond the public internet. */
const allowed = list.superRefine((entries, context) => {
  try {
    createAddressPolicy({ allow: entries })
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is malformed' })
  }
})

const count = (fallback: number) => z.coerce.number().int().min(1).max(100_000).default(fallback)

const sender = z
  .string()
  .refine((text) => parseSender(text) !== undefined, 'must be an address or Name <address>')

const fields = z.object({
  NODE_ENV: z.string().optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  QUEUE_PREFIX: z.string().min(1).optional(),
  WAYBILL_MASTER_KEY: base64Key(32),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(8080),
  METRICS_PORT: port.default(9464),
  EGRESS_ALLOW: allowed.default([]),
  HTTPS_REQUIRED: flag.default(false),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: sender.default('waybill@localhost'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  TOKEN_CACHE_MS: milliseconds.default(10_000),
  LAME_DUCK_MS: milliseconds.default(5_000),
  STOP_TIMEOUT_MS: milliseconds.default(25_000),
  PLANNING_CENTER_RATE_LIMIT: count(100),
  PLANNING_CENTER_RATE_LIMIT_FAR: count(75),
  PLANNING_CENTER_RATE_PERIOD_MS: count(20_000),
})

const schema = fields.refine((e) => e.LAME_DUCK_MS < e.STOP_TIMEOUT_MS, {
  path: ['LAME_DUCK_MS'],
  message: 'must be less than STOP_TIMEOUT_MS',
})

/** Reads the environment once; a bad one ends the process with code 78 and names every bad variable. */
export function readConfig(env: NodeJS.ProcessEnv) {
  const e = exitOnBadEnvironment(() => readEnv(schema, env))
  return Object.freeze({
    production: e.NODE_ENV === 'production',
    databaseUrl: e.DATABASE_URL,
    redisUrl: e.REDIS_URL,
    queuePrefix: e.QUEUE_PREFIX,
    secrets: { masterKey: e.WAYBILL_MASTER_KEY, smtpUrl: e.SMTP_URL },
    mailFrom: e.MAIL_FROM,
    listen: { host: e.HOST, port: e.PORT },
    metrics: { host: e.HOST, port: e.METRICS_PORT },
    egressAllow: e.EGRESS_ALLOW,
    httpsRequired: e.HTTPS_REQUIRED,
    logLevel: e.LOG_LEVEL,
    trustedProxies: e.TRUSTED_PROXIES,
    tokenCacheMs: e.TOKEN_CACHE_MS,
    lameDuckMs: e.LAME_DUCK_MS,
    stopTimeoutMs: e.STOP_TIMEOUT_MS,
    planningCenterRate: {
      requests: e.PLANNING_CENTER_RATE_LIMIT,
      far: e.PLANNING_CENTER_RATE_LIMIT_FAR,
      periodMs: e.PLANNING_CENTER_RATE_PERIOD_MS,
    },
  })
}

export type ApiConfig = ReturnType<typeof readConfig>

import { isDnsServer } from '@waybill/egress'
import { base64Key, exitOnBadEnvironment, list, milliseconds, port, readEnv } from '@waybill/runtime'
import { parseSender } from '@waybill/mail'
import { z } from 'zod'

const count = (fallback: number) => z.coerce.number().int().min(1).max(100_000).default(fallback)

const sender = z
  .string()
  .refine((text) => parseSender(text) !== undefined, 'must be an address or Name <address>')

const dnsServers = list.refine(
  (servers) => servers.every(isDnsServer),
  'must be addresses of DNS servers, each with or without a port: 192.0.2.53,[2001:db8::53]:5353',
)

const schema = z.object({
  NODE_ENV: z.string().optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  QUEUE_PREFIX: z.string().min(1).optional(),
  WAYBILL_MASTER_KEY: base64Key(32),
  EGRESS_ALLOW: list.default([]),
  DNS_SERVERS: dnsServers.optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: sender.default('waybill@localhost'),
  HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: port.default(9465),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  SCHEDULE_SCALE: z.coerce.number().positive().max(1).default(1),
  HEARTBEAT_MS: milliseconds.default(5_000),
  SELF_STOP_MS: milliseconds.default(20_000),
  LEASE_MS: milliseconds.default(60_000),
  SWEEP_MS: milliseconds.default(4_000),
  AUDIT_MS: milliseconds.default(300_000),
  RETENTION_MS: milliseconds.default(3_600_000),
  STOP_TIMEOUT_MS: milliseconds.default(35_000),
  FAN_OUT_CONCURRENCY: count(8),
  DRAIN_CONCURRENCY: count(32),
  FIRST_ATTEMPTS_IN_FLIGHT: count(512),
  RETRIES_IN_FLIGHT: count(256),
  LARGE_PAYLOADS_MIB: z.coerce.number().int().min(2).max(4_096).default(32),
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
    egressAllow: e.EGRESS_ALLOW,
    dnsServers: e.DNS_SERVERS,
    metrics: { host: e.HOST, port: e.METRICS_PORT },
    logLevel: e.LOG_LEVEL,
    /** 1 is the vendors' own time; tests run schedules on a faster clock. */
    scheduleScale: e.SCHEDULE_SCALE,
    lease: { heartbeatMs: e.HEARTBEAT_MS, selfStopMs: e.SELF_STOP_MS, unseenMs: e.LEASE_MS },
    sweepMs: e.SWEEP_MS,
    auditMs: e.AUDIT_MS,
    retentionMs: e.RETENTION_MS,
    stopTimeoutMs: e.STOP_TIMEOUT_MS,
    concurrency: {
      fanOut: e.FAN_OUT_CONCURRENCY,
      /** Beside them, so that bulk batches never keep others waiting for a place. */
      bulk: Math.ceil(e.FAN_OUT_CONCURRENCY / 4),
      drain: e.DRAIN_CONCURRENCY,
    },
    /** Of first attempts and of retries each. */
    payloadRoomBytes: e.LARGE_PAYLOADS_MIB * 1_048_576,
    inFlight: { firstAttempts: e.FIRST_ATTEMPTS_IN_FLIGHT, retries: e.RETRIES_IN_FLIGHT },
  })
}

export type WorkerConfig = ReturnType<typeof readConfig>

import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Sql } from '@waybill/db'
import type { QueueConfig } from '@waybill/queue'
import { Redis } from 'ioredis'
import { readAlerts } from '../../support/read-alerts.ts'
import { selectorsOf } from '../../support/parse-rule.ts'
import type { App, FleetProcess } from './fault-fleet.ts'

/** What was seen of one process; `ready` is the status of /readyz, 0 without an answer. */
export type ProcessSight = {
  app: App
  pid: number
  rssMiB: number
  fds: number
  ready: number
  /** What /readyz says of the queue: it is there. */
  queueReady: boolean
  /** The lines of /metrics that alerts read; undefined: it did not answer. */
  page: string | undefined
}

/** One look at everything, by the wall clock. Undefined: the server did not answer. */
export type Sight = {
  atMs: number
  processes: ProcessSight[]
  /** Connections of Waybill's own to its database. */
  connections: number | undefined
  redisMiB: number | undefined
}

export type StackWatch = { sights: readonly Sight[]; stop(): Promise<void> }

const everyMs = 1_000
const answersWithinMs = 2_500

/** Looks at every process of the fleet and at its servers once a second, until `stop`. */
export function watchStack(watched: {
  processes: () => readonly FleetProcess[]
  sql: Sql
  queue: QueueConfig
}): StackWatch {
  const sights: Sight[] = []
  const state = { looking: undefined as Promise<unknown> | undefined }
  const redis = watched.queue.backend === 'redis' ? openRedis(watched.queue.redisUrl) : undefined
  const connections = oneAtATime(() => countConnections(watched.sql))
  const look = async () => {
    const running = watched.processes().filter((one) => one.running())
    const [processes, connected, redisMiB] = await Promise.all([
      Promise.all(running.map(lookAt)),
      connections(),
      redis && memoryOf(redis),
    ])
    sights.push({ atMs: Date.now(), processes, connections: connected, redisMiB })
  }
  const timer = setInterval(() => {
    state.looking ??= look().finally(() => (state.looking = undefined))
  }, everyMs)
  return {
    sights,
    stop: async () => {
      clearInterval(timer)
      await state.looking
      redis?.disconnect()
    },
  }
}

async function lookAt(process: FleetProcess): Promise<ProcessSight> {
  const { app, pid } = process
  const [status, fds, readiness, page] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
    readdir(`/proc/${pid}/fd`).catch(() => []),
    ask(`${process.url}/readyz${app === 'api' ? '?verbose' : ''}`),
    ask(`${process.metricsUrl}/metrics`),
  ])
  return {
    app,
    pid,
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024,
    fds: fds.length,
    ready: readiness?.status ?? 0,
    queueReady: readiness !== undefined && !/"away: [^"]*"/.test(readiness.text),
    page: page && onlyAlerts(page.text),
  }
}

async function ask(url: string): Promise<{ status: number; text: string } | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answersWithinMs) })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return undefined
  }
}

const read = new Set(readAlerts().flatMap(({ rule }) => selectorsOf(rule).map(({ metric }) => metric)))
const onlyAlerts = (page: string): string =>
  page
    .split('\n')
    .filter((line) => read.has(/^[a-z_]+/.exec(line)?.[0] ?? ''))
    .join('\n')

/** A server that hangs is asked once, however long it takes. */
function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T | undefined> {
  let asked: Promise<T | undefined> | undefined
  return async () => {
    asked ??= ask()
      .catch(() => undefined)
      .finally(() => (asked = undefined))
    return Promise.race([asked, pause(answersWithinMs, undefined, { ref: false })])
  }
}

async function countConnections(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'waybill-faults'`
  return row?.n ?? 0
}

function openRedis(url: string): Redis {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1_000,
    retryStrategy: () => 500,
  })
  return client.on('error', () => undefined)
}

const memoryOf = (redis: Redis): Promise<number | undefined> =>
  redis.info('memory').then(
    (text) => Number(/used_memory:(\d+)/.exec(text)?.[1] ?? 0) / 1_048_576,
    () => undefined,
  )

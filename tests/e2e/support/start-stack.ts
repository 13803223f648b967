import { join } from 'node:path'
import { createToken, openDatabase, putIntegration, type Database, type NewSubscription } from '@waybill/db'
import { freePort } from '@waybill/embedded'
import type { QueueConfig } from '@waybill/queue'
import { eventually, startProcess, startReceiver, type TestProcess } from '@waybill/testing'
import { masterKey, subscribeReceiver, yard } from '../../support/subscribe-receiver.ts'

const root = join(import.meta.dirname, '../../..')

/** Leases and sweeps ten times shorter than in production; each figure keeps its relation to the others. */
export const shortLeases = { HEARTBEAT_MS: '300', SELF_STOP_MS: '1500', LEASE_MS: '4000', SWEEP_MS: '500' }

export type Stack = Awaited<ReturnType<typeof startStack>>

export type StackOptions = {
  databaseUrl: string
  queue: QueueConfig
  workerEnv?: Record<string, string>
  apiEnv?: Record<string, string>
  /** Start the worker too; default true. */
  worker?: boolean
}

/** The api and a worker as processes of their own, a receiver, integration 12 and a token for it. */
export async function startStack({ databaseUrl, queue, workerEnv, apiEnv, worker = true }: StackOptions) {
  const database = openTestDatabase(databaseUrl)
  await putIntegration(database.orm, yard, 'Yard')
  const { token } = await createToken(database.orm, 'orders', [yard])
  const receiver = await startReceiver()
  const common = {
    DATABASE_URL: databaseUrl,
    ...(queue.backend === 'redis' ? { REDIS_URL: queue.redisUrl, QUEUE_PREFIX: queue.prefix ?? '' } : {}),
    WAYBILL_MASTER_KEY: masterKey.toString('base64'),
    EGRESS_ALLOW: 'loopback',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
  }
  const launch = async (app: 'api' | 'worker', env: Record<string, string>, probePort: string) => {
    const program = join(root, `apps/${app}/src/main.ts`)
    const child = startProcess({ program, cwd: root, env: { ...common, ...env } })
    await ready(child, `http://127.0.0.1:${probePort}/readyz`)
    return child
  }
  const startWorker = async (env: Record<string, string> = {}) => {
    const METRICS_PORT = String(await freePort())
    return launch('worker', { ...shortLeases, ...workerEnv, ...env, METRICS_PORT }, METRICS_PORT)
  }
  const PORT = String(await freePort())
  const api = await launch(
    'api',
    { LAME_DUCK_MS: '500', ...apiEnv, PORT, METRICS_PORT: String(await freePort()) },
    PORT,
  )
  const apiUrl = `http://127.0.0.1:${PORT}`
  const workers = worker ? [await startWorker()] : []

  return {
    api,
    apiUrl,
    token,
    receiver,
    database,
    sql: database.sql,
    workers,
    startWorker: async (env: Record<string, string> = {}) => {
      const started = await startWorker(env)
      workers.push(started)
      return started
    },
    /** A call with the token. */
    call: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      fetch(`${apiUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    subscribe: (path: string, changes: Partial<NewSubscription> = {}) =>
      subscribeReceiver(database, 'test', `${receiver.url}${path}`, changes),
    stop: async () => {
      await Promise.all([api, ...workers].map((child) => child.stop()))
      await receiver.close()
      await database.close()
    },
  }
}

export function openTestDatabase(url: string): Database {
  return openDatabase({
    url,
    applicationName: 'waybill-test',
    hotConnections: 4,
    otherConnections: 2,
    statementTimeoutMs: 10_000,
  })
}

async function ready(child: TestProcess, url: string): Promise<void> {
  const ended = child.exited.then(({ code, signal }) => {
    throw new Error(`ended with ${code ?? signal}: ${child.lines.map((line) => line.text).join('\n')}`)
  })
  ended.catch(() => {})
  await Promise.race([ended, eventually(async () => (await fetch(url)).ok, { timeoutMs: 60_000 })])
}

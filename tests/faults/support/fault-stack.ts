import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createToken,
  deriveMasterKeys,
  openDatabase,
  putIntegration,
  type Database,
  type NewSubscription,
} from '@waybill/db'
import { createPublicIds, type SubscriptionId } from '@waybill/domain'
import type { QueueConfig } from '@waybill/queue'
import { masterKey, secret, subscribeReceiver, yard } from '../../support/subscribe-receiver.ts'
import type { Call } from './call-once.ts'
import { noteCall } from './note-call.ts'
import { openFaultClient, type FaultClient } from './fault-client.ts'
import {
  createFleet,
  faultLeases,
  type App,
  type Fleet,
  type FleetProcess,
  type LaunchOptions,
} from './fault-fleet.ts'
import { watchReadiness } from './watch-readiness.ts'
import { watchStack, type StackWatch } from './watch-stack.ts'
import { startFaultReceiver, type FaultReceiver } from './start-fault-receiver.ts'

export { masterKey, secret, yard }
export const publicIds = createPublicIds(deriveMasterKeys(masterKey).publicIds)

/** A subscription of the harness; ledger C1 expects a delivery of every accepted trigger for it. */
export type Subscribed = {
  id: SubscriptionId
  uuid: string
  path: string
  url: string
  /** Only triggers of these are for it; undefined: all. */
  facilities: readonly string[] | undefined
}

export type Links = Partial<Record<App, { databaseUrl?: string; redisUrl?: string }>>

export type FaultStackOptions = {
  databaseUrl: string
  queue: QueueConfig
  folder: string
  seed: number
  /** The addresses a process is given instead, for example by way of a proxy. */
  links?: Links
  apiEnv?: Record<string, string>
  workerEnv?: Record<string, string>
  /** For how long a delivery is tried; default an hour. */
  horizonSeconds?: number
}

export type FaultStack = {
  folder: string
  database: Database
  queue: QueueConfig
  token: string
  receiver: FaultReceiver
  client: FaultClient
  fleet: Fleet
  subscriptions: Subscribed[]
  /** What nobody may find in a log, a metric, a row or the queue, beside what every stack has. */
  canaries: string[]
  /** Calls of `call`, for C8. */
  calls: Call[]
  watch: StackWatch
  /** All apis that run; clients try them in order. */
  apis(): FleetProcess[]
  workers(): FleetProcess[]
  startApi(options?: LaunchOptions): Promise<FleetProcess>
  startWorker(options?: LaunchOptions): Promise<FleetProcess>
  subscribe(path: string, changes?: Partial<NewSubscription>): Promise<Subscribed>
  /** A call with the token to the first api. */
  call(method: string, path: string, body?: unknown): Promise<Response>
  stop(): Promise<void>
}

/** Receiver, client and ledgers around an empty fleet. What it starts ends with `stop`. */
export async function startFaultStack(options: FaultStackOptions): Promise<FaultStack> {
  const { queue, folder, seed } = options
  await mkdir(folder, { recursive: true })
  const database = openFaultDatabase(options.databaseUrl)
  await putIntegration(database.orm, yard, 'Yard')
  const { token } = await createToken(database.orm, 'orders', [yard])
  const receiver = await startFaultReceiver({ ledger: join(folder, 'receiver.jsonl'), secret, seed })
  const fleet = createFleet(
    { api: () => envOf(options, 'api'), worker: () => envOf(options, 'worker') },
    folder,
  )
  const alive = (app: App) => fleet.processes.filter((one) => one.app === app && one.running())
  const allApis = () => fleet.processes.filter((one) => one.app === 'api')
  const apis = () => (alive('api').length > 0 ? alive('api') : allApis())
  const readiness = watchReadiness(() => alive('api').map((api) => api.url))
  const client = await openFaultClient({
    urls: { listening: () => apis().map((api) => api.url), ready: () => readiness.ready() },
    token,
    ledger: join(folder, 'client.jsonl'),
    name: `o${seed}`,
  })
  const subscriptions: Subscribed[] = []
  const calls: Call[] = []
  const watch = watchStack({ processes: () => fleet.processes, sql: database.sql, queue })
  return {
    folder,
    database,
    queue,
    token,
    receiver,
    client,
    fleet,
    subscriptions,
    canaries: [],
    calls,
    watch,
    apis,
    workers: () => alive('worker'),
    startApi: (launch) => fleet.launch('api', launch),
    startWorker: (launch) => fleet.launch('worker', launch),
    subscribe: async (path, changes = {}) => {
      const { id: made } = await subscribeReceiver(database, 'faults', `${receiver.url}${path}`, {
        horizonSeconds: options.horizonSeconds ?? 3_600,
        ...changes,
      })
      const uuid = publicIds.encode('subscription', made)
      const url = changes.url ?? `${receiver.url}${path}`
      const subscribed = { id: made, uuid, path, url, facilities: changes.filters?.facilities }
      subscriptions.push(subscribed)
      return subscribed
    },
    call: (method, path, body) =>
      noteCall(
        fetch(`${apis()[0]?.url}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
        calls,
      ),
    stop: async () => {
      await readiness.stop()
      await watch.stop()
      await fleet.stopAll()
      await receiver.stop()
      await client.close()
      await database.close()
    },
  }
}

function envOf(
  { databaseUrl, queue, links, ...options }: FaultStackOptions,
  app: App,
): Record<string, string> {
  const link = links?.[app]
  return {
    DATABASE_URL: link?.databaseUrl ?? databaseUrl,
    ...(queue.backend === 'redis'
      ? { REDIS_URL: link?.redisUrl ?? queue.redisUrl, QUEUE_PREFIX: queue.prefix ?? '{waybill}' }
      : {}),
    WAYBILL_MASTER_KEY: masterKey.toString('base64'),
    EGRESS_ALLOW: 'loopback',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    ...(app === 'worker'
      ? { ...faultLeases, SCHEDULE_SCALE: '0.02', ...options.workerEnv }
      : { LAME_DUCK_MS: '1000', ...options.apiEnv }),
  }
}

/** What the harness itself reads and writes with. */
export function openFaultDatabase(url: string): Database {
  return openDatabase({
    url,
    applicationName: 'waybill-faults',
    hotConnections: 3,
    otherConnections: 1,
    statementTimeoutMs: 60_000,
  })
}

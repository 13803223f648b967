import { deriveMasterKeys, findPrincipal, type MasterKeys, createStorage, type Storage } from '@waybill/db'
import { createPublicIds, type PublicIds } from '@waybill/domain'
import { createAddressPolicy } from '@waybill/egress'
import { openMailer, type Mailer } from '@waybill/mail'
import { createWakeUps, queueConfigFrom, type WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'
import type { ApiConfig } from './config.ts'
import { createStoreHealth, type StoreHealth } from './health/create-store-health.ts'
import { createCallGate, type CallGate } from './http/create-call-gate.ts'
import { createBodyRoom, type BodyRoom } from './http/create-body-room.ts'
import { createTurnMeter, type TurnMeter } from './http/create-turn-meter.ts'
import { createAuthenticate, type Authenticate } from './http/authenticate.ts'
import { createBadTokens, type BadTokens } from './http/bad-tokens.ts'
import { createCallerAddress, type CallerAddress } from './http/caller-address.ts'
import { unavailable } from './http/problem.ts'
import { askStorage } from './http/ask-storage.ts'
import { createTokenCache, type TokenCache } from './http/token-cache.ts'
import { createApiMetrics, type ApiMetrics } from './metrics.ts'
import { createSessions, type Sessions } from './planomatic/identity/create-sessions.ts'
import { createPageGate, type PageGate } from './http/create-page-gate.ts'
import { createRateLimit, type RateLimit } from './planning-center/create-rate-limit.ts'
import { createDatabaseClock, type DatabaseClock } from './storage/create-database-clock.ts'
import { createInstallationCheck, type InstallationCheck } from './storage/create-installation-check.ts'
import type { UrlRules } from './subscriptions/subscription-fields.ts'
import { createAccept, type Accept } from './triggers/create-accept.ts'

/** Everything the routes are given; the only place that knows the real clock and services. */
export type ApiDeps = {
  logger: Logger
  storage: Storage
  installation: InstallationCheck
  keys: MasterKeys
  publicIds: PublicIds
  wakeUps: WakeUps
  tokens: TokenCache
  sessions: Sessions
  badTokens: BadTokens
  callerAddress: CallerAddress
  planningCenterRate: RateLimit
  pages: PageGate
  authenticate: Authenticate
  /** What every call but those that accept triggers passes once it is known who makes it. */
  calls: CallGate
  accept: Accept
  storing: StoreHealth
  bodyRoom: BodyRoom
  urlRules: UrlRules
  /** Undefined: mails are off. */
  mailer: Mailer | undefined
  metrics: ApiMetrics
  /** Throws a 503 while nothing can be stored. */
  refuseWhileAway: () => void
  suspect: () => void
  stopping: () => boolean
  databaseClock: DatabaseClock
  monotonic: () => number
  turn: TurnMeter
  /** Answers what waits, then lets go of the queue and the database. */
  close(): Promise<void>
}

const statementTimeoutMs = 1_500
/** A piece is some megabytes at most, so together they are below 100 MB, and usually a few. */
const heavyPages = { atOnce: 2, open: 16, openOfOne: 8 }
/** Twice what the pools can work on at once; one that waits longer would not be answered in time. */
const callLimits = {
  read: { atOnce: 16, waiting: 200, waitMs: 750 },
  write: { atOnce: 8, waiting: 100, waitMs: 750 },
}
const lookUpWithinMs = 1_200

/** Opens everything and asks nobody yet: the database and the queue may still be away. */
export function buildDeps(config: ApiConfig, logger: Logger, stopping: () => boolean = () => false): ApiDeps {
  const storage = createStorage(
    {
      url: config.databaseUrl,
      applicationName: 'waybill-api',
      hotConnections: 4,
      otherConnections: 4,
      readConnections: 4,
      writeConnections: 4,
      authConnections: 2,
      statementTimeoutMs,
    },
    logger,
  )
  const keys = deriveMasterKeys(config.secrets.masterKey)
  const monotonic = (): number => performance.now()
  const databaseClock = createDatabaseClock({ now: () => Date.now(), monotonic })
  const installation = createInstallationCheck(storage, keys, config.production, databaseClock, logger)
  const wakeUps = createWakeUps(queueConfigFrom(config), {
    onError: (error) => logger.warn('queue.failed', { error }),
  })
  const metrics = createApiMetrics({
    queueReady: () => wakeUps.ready(),
    wakeUpsDropped: () => wakeUps.dropped(),
  })
  const { suspect } = storage
  const tokens = createTokenCache((hash) => lookUp(storage, hash), { ttlMs: config.tokenCacheMs, monotonic })
  const sessions = createSessions(storage, { ttlMs: config.tokenCacheMs, monotonic })
  const callerAddress = createCallerAddress(config.trustedProxies)
  const badTokens = createBadTokens(monotonic, callerAddress)
  const mailer = openMailer({ smtpUrl: config.secrets.smtpUrl, from: config.mailFrom })
  const storing = createStoreHealth(monotonic)
  const accept = createAccept({
    storing,
    sql: () => storage.sql,
    databaseClock,
    suspect,
    wake: (batch, bulk) => wakeUps.fanOut(batch, { bulk }),
    metrics,
    logger,
    monotonic,
  })
  return {
    logger,
    storage,
    installation,
    keys,
    publicIds: createPublicIds(keys.publicIds),
    wakeUps,
    tokens,
    sessions,
    badTokens,
    callerAddress,
    planningCenterRate: createRateLimit(config.planningCenterRate),
    pages: createPageGate(heavyPages),
    authenticate: createAuthenticate(tokens, badTokens),
    calls: createCallGate(callLimits),
    accept,
    storing,
    bodyRoom: createBodyRoom(),
    urlRules: {
      policy: createAddressPolicy({ allow: config.egressAllow }),
      requireHttps: config.httpsRequired,
    },
    mailer,
    metrics,
    refuseWhileAway: () => refuseWhileAway(storage, installation.state()),
    suspect,
    stopping,
    databaseClock,
    monotonic,
    turn: createTurnMeter(),
    close: async () => {
      await accept.idle()
      mailer?.close()
      await Promise.all([wakeUps.close(), storage.close()])
    },
  }
}

function refuseWhileAway(storage: Storage, state: ReturnType<InstallationCheck['state']>): void {
  if (storage.up() && state === 'passed') return
  if (storage.up() && state === 'schema_outdated')
    throw unavailable('schema_outdated', 'The service is being updated; please send this again.')
  throw unavailable('storage_unavailable', 'The database is away; nothing was stored.')
}

function lookUp(storage: Storage, hash: Buffer) {
  return askStorage(storage, findPrincipal(storage.auth, hash), lookUpWithinMs)
}

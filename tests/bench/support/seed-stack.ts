import {
  checkMasterKey,
  createSubscription,
  createToken,
  deriveMasterKeys,
  openDatabase,
  putIntegration,
  type Database,
  type MasterKeys,
} from '@waybill/db'
import { asIntegrationId, createPublicIds, profileCode } from '@waybill/domain'
import type { IntegrationId, PublicIds } from '@waybill/domain'

export type SeededStack = {
  token: string
  /** Of the flooding integration, where there is one. */
  floodToken?: string | undefined
  publicIds: PublicIds
}

export const benchIntegration = asIntegrationId(12)
export const floodIntegration = asIntegrationId(13)

export type SeedOptions = {
  subscriberUrl: string
  /** Makes a second integration with a subscription there. */
  floodUrl?: string | undefined
  inFlightLimit: number
}

/** An integration with one token and one subscription of the profile `standard` that listens to everything. */
export async function seedStack(
  databaseUrl: string,
  masterKey: Buffer,
  { subscriberUrl, floodUrl, inFlightLimit }: SeedOptions,
): Promise<SeededStack> {
  const database = openDatabase({
    url: databaseUrl,
    applicationName: 'waybill-bench-seed',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 10_000,
  })
  try {
    const keys = deriveMasterKeys(masterKey)
    await checkMasterKey(database.sql, keys)
    const seed = async (integration: IntegrationId, url: string) => {
      await putIntegration(database.orm, integration, 'Bench')
      await subscribe(database, keys, { integration, url, inFlightLimit })
      return (await createToken(database.orm, 'bench', [integration])).token
    }
    return {
      token: await seed(benchIntegration, subscriberUrl),
      floodToken: floodUrl === undefined ? undefined : await seed(floodIntegration, floodUrl),
      publicIds: createPublicIds(keys.publicIds),
    }
  } finally {
    await database.close()
  }
}

type Subscriber = { integration: IntegrationId; url: string; inFlightLimit: number }

async function subscribe(database: Database, keys: MasterKeys, subscriber: Subscriber): Promise<void> {
  const made = await createSubscription(database.orm, keys, 'bench', {
    ...subscriber,
    key: 'bench',
    name: 'Bench',
    view: null,
    profile: profileCode('standard'),
    state: 'active',
    filters: {},
    successCode: null,
    horizonSeconds: 3_600,
    timeoutMs: 15_000,
    notify: false,
    notificationEmails: null,
    secrets: [Buffer.alloc(32, 7)],
  })
  if (made === 'key_taken') throw new Error('the database is not new')
}

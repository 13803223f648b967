import {
  checkMasterKey,
  createSubscription,
  createToken,
  deriveMasterKeys,
  openDatabase,
  putIntegration,
} from '@waybill/db'
import { asIntegrationId, createPublicIds, profileCode } from '@waybill/domain'
import type { PublicIds } from '@waybill/domain'

export type SeededStack = { token: string; publicIds: PublicIds }

export const benchIntegration = asIntegrationId(12)

/** One integration, one token and one subscription of the profile `standard` that listens to everything. */
export async function seedStack(
  databaseUrl: string,
  masterKey: Buffer,
  subscriberUrl: string,
  inFlightLimit: number,
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
    await putIntegration(database.orm, benchIntegration, 'Bench')
    const made = await createSubscription(database.orm, keys, 'bench', {
      integration: benchIntegration,
      key: 'bench',
      name: 'Bench',
      url: subscriberUrl,
      view: null,
      profile: profileCode('standard'),
      state: 'active',
      filters: {},
      successCode: null,
      horizonSeconds: 3_600,
      timeoutMs: 15_000,
      inFlightLimit,
      notify: false,
      notificationEmails: null,
      secrets: [Buffer.alloc(32, 7)],
    })
    if (made === 'key_taken') throw new Error('the database is not new')
    const { token } = await createToken(database.orm, 'bench', [benchIntegration])
    return { token, publicIds: createPublicIds(keys.publicIds) }
  } finally {
    await database.close()
  }
}

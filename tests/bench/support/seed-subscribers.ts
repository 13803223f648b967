import {
  checkMasterKey,
  createSubscription,
  createToken,
  deriveMasterKeys,
  openDatabase,
  putIntegration,
  sealSecret,
  type Database,
  type MasterKeys,
} from '@waybill/db'
import { createPublicIds, profileCode, type IntegrationId, type SubscriptionId } from '@waybill/domain'
import type { SeededStack } from './seed-stack.ts'

/** One subscription to make: it listens to what happens at its facilities. */
export type Subscriber = { integration: IntegrationId; url: string; facilities: string[]; timeoutMs: number }

const secret = Buffer.alloc(32, 7)

/** Makes the subscriptions, in their order, and one token for all their integrations. */
export async function seedSubscribers(
  databaseUrl: string,
  masterKey: Buffer,
  subscribers: readonly Subscriber[],
): Promise<SeededStack> {
  const database = openDatabase({
    url: databaseUrl,
    applicationName: 'waybill-bench-seed',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 60_000,
  })
  try {
    const keys = deriveMasterKeys(masterKey)
    await checkMasterKey(database.sql, keys)
    const integrations = [...new Set(subscribers.map(({ integration }) => integration))]
    for (const integration of integrations)
      await putIntegration(database.orm, integration, `Bench ${integration}`)
    await subscribe(database, keys, subscribers)
    const { token } = await createToken(database.orm, 'bench', integrations)
    return { token, publicIds: createPublicIds(keys.publicIds) }
  } finally {
    await database.close()
  }
}

/** The first as everybody makes one; the others are copies of its row, since one by one ten thousand take minutes. */
async function subscribe(
  { sql, orm }: Database,
  keys: MasterKeys,
  [first, ...others]: readonly Subscriber[],
): Promise<void> {
  if (!first) return
  const { integration, url, facilities, timeoutMs } = first
  const made = await createSubscription(orm, keys, 'bench', {
    integration,
    key: 'bench-0',
    name: 'Bench',
    url,
    view: null,
    profile: profileCode('standard'),
    state: 'active',
    filters: { facilities },
    successCode: null,
    horizonSeconds: 3_600,
    timeoutMs,
    inFlightLimit: 20,
    notify: false,
    notificationEmails: null,
    secrets: [secret],
  })
  if (made === 'key_taken') throw new Error('the database is not new')
  const copies = await sql<{ id: SubscriptionId }[]>`
    INSERT INTO subscriptions (integration, key, profile, state, revision, filters, horizon_seconds, timeout_ms,
      in_flight_limit, changed_version)
    SELECT o.integration, 'bench-' || o.i, profile, state, revision,
      jsonb_build_object('facilities', string_to_array(o.facilities, ',')), horizon_seconds, o.timeout_ms,
      in_flight_limit, changed_version
    FROM subscriptions s,
      unnest(${others.map((one) => one.integration)}::int[], ${others.map((one) => one.facilities.join(','))}::text[],
        ${others.map((one) => one.timeoutMs)}::int[]) WITH ORDINALITY AS o(integration, facilities, timeout_ms, i)
    WHERE s.id = ${made.id}::int ORDER BY o.i RETURNING id`
  const ids = copies.map(({ id }) => id)
  await sql`
    INSERT INTO revisions (subscription, revision, name, url)
    SELECT id, 1, 'Bench', url FROM unnest(${ids}::int[], ${others.map((one) => one.url)}::text[]) AS o(id, url)`
  const sealed = ids.map((id) => sealSecret(keys, id, secret).toString('hex'))
  await sql`
    INSERT INTO secrets (subscription, ciphertext, key_id)
    SELECT id, decode(ciphertext, 'hex'), ${keys.secretsKeyId}::text
    FROM unnest(${ids}::int[], ${sealed}::text[]) AS o(id, ciphertext)`
}

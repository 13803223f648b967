import { createSubscription, deriveMasterKeys, type Database, type NewSubscription } from '@waybill/db'
import { asIntegrationId, parseStandardSecret, profileCode } from '@waybill/domain'

/** Of every stack that a test starts. */
export const masterKey = Buffer.alloc(32, 5)
export const yard = asIntegrationId(12)
export const secret = 'whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc='

/** A `standard` subscription of integration 12 with the secret above, but for `changes`; its key is its URL. */
export async function subscribeReceiver(
  { orm }: Pick<Database, 'orm'>,
  actor: string,
  url: string,
  changes: Partial<NewSubscription>,
) {
  const made = await createSubscription(orm, deriveMasterKeys(masterKey), actor, {
    integration: yard,
    key: url,
    name: url,
    url,
    view: null,
    profile: profileCode('standard'),
    state: 'active',
    filters: {},
    successCode: null,
    horizonSeconds: 3_600,
    timeoutMs: 5_000,
    inFlightLimit: 50,
    notify: false,
    notificationEmails: null,
    secrets: [parseStandardSecret(secret) as Buffer],
    ...changes,
  })
  if (made === 'key_taken') throw new Error('the key is taken')
  return made
}

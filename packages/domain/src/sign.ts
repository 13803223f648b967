import { createHmac } from 'node:crypto'

const SECRET_PREFIX = 'whsec_'
const SECRET_BYTES = 32
const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

/**
 * The `webhook-signature` value: one `v1,<base64>` per secret, joined by blanks, over `id.timestamp.body`
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
export function signStandard(input: {
  id: string
  timestampSeconds: number
  body: string
  secrets: readonly Uint8Array[]
}): string {
  const signed = `${input.id}.${input.timestampSeconds}.${input.body}`
  return input.secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`)
    .join(' ')
}

/**
 * The `Nursa-Signature` value: `t=<unix seconds>` and one `v1=<hex>` per active secret over `timestamp.body`
 * ("Webhooks configuration", https://docs.nursa.com/docs/Integration%20Guideline/Webhooks%20configuration).
 */
export function signNursa(input: {
  timestampSeconds: number
  body: string
  secrets: readonly string[]
}): string {
  const signed = `${input.timestampSeconds}.${input.body}`
  return [
    `t=${input.timestampSeconds}`,
    ...input.secrets.map((secret) => `v1=${hexHmac(secret, signed)}`),
  ].join(',')
}

/**
 * The `X-PCO-Webhooks-Authenticity` value: lower-case hex over the body alone
 * ("WebhookSubscription", https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/webhook_subscription).
 */
export function signPlanningCenter(input: { body: string; secret: string }): string {
  return hexHmac(input.secret, input.body)
}

/** A new Standard Webhooks secret, `whsec_` and 32 bytes in base64. */
export function generateStandardSecret(randomBytes: (size: number) => Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(randomBytes(SECRET_BYTES)).toString('base64')
}

/** The key bytes of a `whsec_` secret; undefined unless it is padded base64 of 24…64 bytes that are not all zero. */
export function parseStandardSecret(text: string): Buffer | undefined {
  if (!text.startsWith(SECRET_PREFIX)) return undefined
  const encoded = text.slice(SECRET_PREFIX.length)
  const bytes = Buffer.from(encoded, 'base64')
  // Buffer.from skips what is not base64; receivers' libraries refuse it, so only the canonical form passes.
  if (bytes.toString('base64') !== encoded) return undefined
  if (bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES) return undefined
  return bytes.every((byte) => byte === 0) ? undefined : bytes
}

function hexHmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

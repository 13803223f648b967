import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ProfileName } from '@waybill/domain'
import { Webhook } from 'standardwebhooks'

/** How far the time in a signature may be from now, in seconds. */
const toleranceSeconds = 300

/** Whether this request is signed as a receiver of that profile expects it, judged without Waybill's own code. */
export function verifyArrival(
  profile: ProfileName,
  body: string,
  headers: IncomingHttpHeaders,
  secrets: readonly Uint8Array[],
): boolean {
  switch (profile) {
    case 'nursa':
      return verifyNursa(body, String(headers['nursa-signature'] ?? ''), secrets)
    case 'planning-center':
      return verifyPlanningCenter(body, String(headers['x-pco-webhooks-authenticity'] ?? ''), secrets)
    case 'planomatic-v2':
    case 'planomatic-v3':
    case 'standard':
      return verifyStandard(body, headers, secrets)
    default:
      return profile satisfies never
  }
}

function verifyStandard(body: string, headers: IncomingHttpHeaders, secrets: readonly Uint8Array[]): boolean {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const
  const given = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]))
  return secrets.some((secret) => {
    try {
      new Webhook(secret, { format: 'raw' }).verify(body, given)
      return true
    } catch {
      return false
    }
  })
}

/**
 * `t=<unix seconds>` and a `v1=<hex>` of every secret over the time, a dot and the body ("Webhooks configuration",
 * https://docs.nursa.com/docs/Integration%20Guideline/Webhooks%20configuration).
 */
function verifyNursa(body: string, header: string, secrets: readonly Uint8Array[]): boolean {
  const parts = header.split(',')
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? ''
  const given = parts.filter((part) => part.startsWith('v1=')).map((part) => part.slice(3))
  if (!(Math.abs(Date.now() / 1_000 - Number(time)) <= toleranceSeconds)) return false
  const wanted = secrets.map((secret) => hexHmac(secret, `${time}.${body}`))
  return wanted.length > 0 && wanted.every((one) => given.some((other) => isSame(one, other)))
}

/**
 * Hex over the body alone ("WebhookSubscription",
 * https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/webhook_subscription).
 */
const verifyPlanningCenter = (body: string, header: string, secrets: readonly Uint8Array[]): boolean =>
  secrets.some((secret) => isSame(hexHmac(secret, body), header))

const hexHmac = (secret: Uint8Array, text: string) => createHmac('sha256', secret).update(text).digest('hex')

const isSame = (wanted: string, given: string) =>
  wanted.length === given.length && timingSafeEqual(Buffer.from(wanted), Buffer.from(given))

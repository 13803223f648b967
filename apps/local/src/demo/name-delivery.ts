import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ProfileName } from '@waybill/domain'

/** What is the same on every attempt of a delivery: its id where the profile sends one. */
export function nameDelivery(profile: ProfileName, body: string, headers: IncomingHttpHeaders): string {
  switch (profile) {
    case 'nursa':
      // Nothing in the request names the event, so what it says has to.
      return createHash('sha256').update(body).digest('hex')
    case 'planning-center':
      return String(headers['x-pco-webhooks-event'] ?? '')
    case 'planomatic-v2':
    case 'planomatic-v3':
    case 'standard':
      return String(headers['webhook-id'] ?? '')
    default:
      return profile satisfies never
  }
}

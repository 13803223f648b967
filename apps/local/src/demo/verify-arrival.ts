import type { IncomingHttpHeaders } from 'node:http'
import { Webhook } from 'standardwebhooks'

/** Whether one of the secrets signed this request, as the published Standard Webhooks library judges it. */
export function verifyArrival(
  body: string,
  headers: IncomingHttpHeaders,
  secrets: readonly Uint8Array[],
): boolean {
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

import type { Principal } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'
import { problem } from '../http/problem.ts'

/** Refuses an integration that the token does not reach; one that does not exist is no different. */
export function checkScope(principal: Principal, integration: IntegrationId): void {
  if (!principal.integrations.has(integration))
    throw problem('insufficient_scope', `The token is not scoped to integration ${integration}.`)
}

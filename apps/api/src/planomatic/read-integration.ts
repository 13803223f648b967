import type { Principal } from '@waybill/db'
import { asIntegrationId, type IntegrationId } from '@waybill/domain'
import type { ParamReader } from './param-reader.ts'

const largest = 2_147_483_647

/** `integration_id`, within the token's scope. There is no 403 in this dialect: another one is an invalid parameter. */
export function readIntegration(params: ParamReader, principal: Principal): IntegrationId {
  const given = params.integer('integration_id', { min: 1, max: largest })
  const id = asIntegrationId(given ?? 0)
  if (given !== undefined && !principal.integrations.has(id)) params.invalid('integration_id', 'unauthorized')
  return id
}

import { maxPlanLength, type ClaimedBatch, type PlanPart, type PlannedDelivery } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'

/** What an integration may have in a plan without being a reason for splitting it. */
const little = 100

/**
 * The parts of a plan that is too long for one batch. A flush mixes integrations: those with little in the plan come
 * first, and only what is left is bulk.
 */
export function partsOf(
  batch: Pick<ClaimedBatch, 'triggers' | 'firstTrigger' | 'bulk'>,
  plan: readonly PlannedDelivery[],
): PlanPart[] {
  const integrations = new Map(
    batch.triggers.map(({ id, integration }) => [id - batch.firstTrigger, integration]),
  )
  const counts = new Map<IntegrationId | undefined, number>()
  for (const { offset } of plan) {
    const integration = integrations.get(offset)
    counts.set(integration, (counts.get(integration) ?? 0) + 1)
  }
  const hasLittle = ({ offset }: PlannedDelivery) => (counts.get(integrations.get(offset)) ?? 0) <= little
  const first = plan.filter(hasLittle)
  const rest = plan.filter((planned) => !hasLittle(planned))
  return [...chunks(first, batch.bulk), ...chunks(rest, true)]
}

function chunks(plan: readonly PlannedDelivery[], bulk: boolean): PlanPart[] {
  const parts: PlanPart[] = []
  for (let i = 0; i < plan.length; i += maxPlanLength)
    parts.push({ bulk, plan: plan.slice(i, i + maxPlanLength) })
  return parts
}

import { deliveryStatuses } from '@waybill/domain'
import { expectDocument, startPlanningCenter } from './planning-center.ts'

export type PlanningCenterEvents = Awaited<ReturnType<typeof startPlanningCenterEvents>>

/** An api with a subscription that has one event of every status, in the order of `deliveryStatuses`. */
export async function startPlanningCenterEvents() {
  const pco = await startPlanningCenter()
  const subscription = await pco.subscribe()
  const at = `/webhook_subscriptions/${subscription}/events`
  const events: number[] = []
  for (const status of deliveryStatuses) events.push(await pco.seed(subscription, status))
  return {
    ...pco,
    subscription,
    /** Where its events are. */
    at,
    events,
    list: async (query = '') => {
      const answer = await pco.call('get', at + query)
      expectDocument(answer, 'many Event')
      return answer
    },
  }
}

type Listed = { body: { data: { id: string }[] } }
export const idsOf = ({ body }: Listed): number[] => body.data.map(({ id }) => Number(id))

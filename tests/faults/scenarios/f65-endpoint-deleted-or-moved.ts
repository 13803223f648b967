import { eventually } from '@waybill/testing'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

const triggers = 60

export const scenario: Scenario = {
  id: 'F65',
  title: 'endpoint deleted, and URL changed, with retries due',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const deleted = await stack.subscribe('/deleted')
    const moved = await stack.subscribe('/old')
    await stack.receiver.program({
      rules: [
        { path: '/deleted', answer: { status: 500 } },
        { path: '/old', answer: { status: 500 } },
      ],
    })
    await stack.client.post(triggers, { rate: 60 })
    // What is matched after the deletion is not for the deleted one.
    await eventually(async () => {
      const [row] = await stack.database.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM deliveries WHERE subscription = ${deleted.id}`
      return row?.n === triggers
    })
    const [gone, change] = await Promise.all([
      stack.call('DELETE', `/v1/subscriptions/${deleted.uuid}`),
      stack.call('PATCH', `/v1/subscriptions/${moved.uuid}`, { url: `${stack.receiver.url}/new` }),
    ])
    // What was under way when the call was answered may still arrive.
    await lasts(1_500)
    await stack.receiver.settled()
    const before = (await stack.receiver.lines()).length
    const finding = await judge(stack, { skip: ['C5'] })
    const later = (await stack.receiver.lines()).slice(before)
    const { deliveries } = await readLedgers(stack)
    const ends = (id: number) => deliveries.filter(({ subscription }) => subscription === id)
    mustHold(
      finding,
      gone.status === 204 && change.status === 200,
      `F65 answered ${gone.status}, ${change.status}`,
    )
    const late = later.filter(({ path }) => path === '/deleted' || path === '/old')
    mustHold(finding, late.length === 0, `F65 ${late.length} requests to what was deleted or moved`)
    mustHold(
      finding,
      ends(deleted.id).every(({ status, err }) => status === 'failed' && err === 'subscription_deleted'),
      'F65 deliveries of the deleted endpoint did not end as subscription_deleted',
    )
    mustHold(
      finding,
      ends(moved.id).every(({ status }) => status === 'delivered'),
      'F65 the new URL did not get all',
    )
    return finding
  },
}

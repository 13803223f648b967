import { createToken, createSubscription, deriveMasterKeys, putIntegration } from '@waybill/db'
import { asIntegrationId, parseStandardSecret, profileCode } from '@waybill/domain'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { percentile } from '../support/checks/check-calls.ts'
import { masterKey, secret } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** Another integration floods with batch calls of 500, as fast as they are answered. */
export const scenario: Scenario = {
  id: 'F61',
  title: 'one integration floods',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const flooder = asIntegrationId(13)
    const { orm } = stack.database
    await putIntegration(orm, flooder, 'Flooder')
    const { token } = await createToken(orm, 'flood', [flooder])
    await createSubscription(orm, deriveMasterKeys(masterKey), 'faults', {
      integration: flooder,
      key: 'flood',
      name: 'flood',
      url: `${stack.receiver.url}/flood`,
      view: null,
      profile: profileCode('standard'),
      state: 'active',
      filters: {},
      successCode: null,
      horizonSeconds: 3_600,
      timeoutMs: 5_000,
      inFlightLimit: 20,
      notify: false,
      notificationEmails: null,
      secrets: [parseStandardSecret(secret) as Buffer],
    })
    const load = startLoad(stack, { rate: 20 })
    await lasts(5_000)
    const since = Date.now()
    const state = { flooding: true, flooded: 0 }
    const flood = async () => {
      for (let serial = 0; state.flooding && state.flooded < 15_000; serial += 1) {
        const triggers = Array.from({ length: 500 }, (_, i) => floodTrigger(`flood-${serial}-${i}`))
        const answer = await fetch(`${stack.apis()[0]?.url}/v1/triggers/batch`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ triggers }),
        })
        if (answer.status === 202) state.flooded += 500
        else if (answer.status < 500 && answer.status !== 429) throw new Error(await answer.text())
      }
    }
    const flooding = flood()
    flooding.catch(() => {})
    await lasts(10_000)
    state.flooding = false
    await flooding
    await load.stop()
    const p99 = async (from: number, to: number) => {
      const { deliveries, received } = await readLedgers(stack)
      const made = new Map(deliveries.map(({ uuid, acceptedAtMs }) => [uuid, acceptedAtMs]))
      const ours = received.filter(({ path, n, at }) => path !== '/flood' && n === 1 && at >= from && at < to)
      return percentile(
        ours.map(({ id, at }) => at - (made.get(id) ?? at)),
        0.99,
      )
    }
    const [before, during] = [await p99(0, since), await p99(since, since + 10_000)]
    const finding = await judge(stack, { timeoutMs: 240_000 })
    finding.notes.push(
      `${state.flooded} flooded; p99 of the others ${Math.round(before)}, then ${Math.round(during)} ms`,
    )
    mustHold(finding, during <= before * 2 + 50, `I6 p99 of the others rose from ${before} to ${during} ms`)
    return finding
  },
}

const floodTrigger = (order: string) => ({
  integration_id: 13,
  kind: 'order_status',
  name: 'scheduled',
  order_id: order,
  occurred_at: '2026-03-02T15:04:05Z',
  order: { property_info: { address: { street: `${order} Elm Rd`, city: 'Boulder' } } },
})

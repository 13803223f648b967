import { randomBytes } from 'node:crypto'
import { deriveMasterKeys, updateSubscription } from '@waybill/db'
import { profileCode } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import { masterKey, secret, yard, type FaultStack } from '../support/fault-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const bytesOf = (text: string) => Buffer.from(text.slice('whsec_'.length), 'base64')

const planningCenter = '/planning-center'
/** Of an event of that profile, for that subscription alone. */
const ofPlanningCenter = {
  kind: 'order_event',
  name: 'order.delivered',
  facility_id: 'planning-center',
  order: { property: { location: { street: '9 Elm Rd', city: 'Boulder' } } },
}
const posts = 30
const rules = [{ begins: '/flaky', first: 1, chance: 0.2, answer: { status: 500 } }]

/** Posts for it and waits until all of it has come. */
async function postAndReceive({ client, receiver }: FaultStack) {
  const arrived = async () => (await receiver.lines()).filter(({ path }) => path === planningCenter)
  const before = (await arrived()).length
  await client.post(posts, { rate: 30, body: ofPlanningCenter })
  return eventually(async () => {
    const lines = (await arrived()).slice(before)
    return lines.length >= posts ? lines : undefined
  })
}

export const scenario: Scenario = {
  id: 'F67',
  title: 'secret rotated under load, with an overlap, and at once by an API',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const next = `whsec_${randomBytes(32).toString('base64')}`
    stack.canaries.push(next.slice('whsec_'.length), bytesOf(next).toString('hex'))
    const keys = deriveMasterKeys(masterKey)
    // No API keeps the old secret of such a subscription beside the new one.
    const put = (clear: Buffer[]) =>
      Promise.all(
        stack.subscriptions.map(({ id }) =>
          updateSubscription(stack.database.orm, 'faults', yard, id, { secrets: { keys, clear } }),
        ),
      )
    const load = startLoad(stack)
    await lasts(1_500)
    await put([bytesOf(next), bytesOf(secret)])
    await lasts(1_500)
    const overlap = (await stack.receiver.lines()).slice(-20)
    const paths = Object.fromEntries(stack.subscriptions.map(({ path }) => [path, next]))
    await stack.receiver.program({
      rules,
      secrets: paths,
    })
    await lasts(1_000)
    await put([bytesOf(next)])
    await lasts(1_500)
    const rotation = await rotateByApi(stack, paths)
    await load.stop()
    const finding = await judge(stack)
    finding.failures.push(...rotation)
    const last = (await stack.receiver.lines()).slice(-20)
    mustHold(
      finding,
      overlap.every(({ signatures }) => signatures === 2),
      'F67 not two signatures in the overlap',
    )
    mustHold(
      finding,
      last.every(({ signatures }) => signatures === 1),
      'F67 not one signature after it',
    )
    return finding
  },
}

/** One subscription whose API rotates: what comes after its answer is signed with the new secret alone. */
async function rotateByApi(stack: FaultStack, others: Record<string, string>): Promise<string[]> {
  const old = randomBytes(32).toString('hex')
  const program = (own: string) =>
    stack.receiver.program({ rules, secrets: { ...others, [planningCenter]: own } })
  const { id } = await stack.subscribe(planningCenter, {
    profile: profileCode('planning-center'),
    filters: { facilities: [ofPlanningCenter.facility_id] },
    secrets: [Buffer.from(old)],
  })
  await program(old)
  const before = (await postAndReceive(stack)) ?? []
  const answer = await stack.call('POST', `/webhooks/v2/webhook_subscriptions/${id}/rotate_secret`)
  const document = (await answer.json()) as { data?: { attributes: { authenticity_secret: string } } }
  const next = document.data?.attributes.authenticity_secret ?? ''
  stack.canaries.push(old, next)
  await program(next)
  const after = (await postAndReceive(stack)) ?? []
  return [
    ...(answer.status === 200 && next !== old ? [] : [`F67 rotate_secret answered ${answer.status}`]),
    ...(before.every(({ signed }) => signed) ? [] : ['F67 not signed with the secret before its rotation']),
    ...(after.every(({ signed }) => signed) ? [] : ['F67 not signed with the new secret after its rotation']),
  ]
}

import { randomBytes } from 'node:crypto'
import { deriveMasterKeys, updateSubscription } from '@waybill/db'
import { judge, mustHold } from '../support/judge.ts'
import { masterKey, secret, yard } from '../support/fault-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const bytesOf = (text: string) => Buffer.from(text.slice('whsec_'.length), 'base64')

export const scenario: Scenario = {
  id: 'F67',
  title: 'secret rotated under load, with an overlap',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const next = `whsec_${randomBytes(32).toString('base64')}`
    stack.canaries.push(next.slice('whsec_'.length), bytesOf(next).toString('hex'))
    const keys = deriveMasterKeys(masterKey)
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
      rules: [{ begins: '/flaky', first: 1, answer: { status: 500 } }],
      secrets: paths,
    })
    await lasts(1_000)
    await put([bytesOf(next)])
    await lasts(1_500)
    await load.stop()
    const finding = await judge(stack)
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

import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

/** Killed when the receiver has the request and takes 3 s to answer: first attempts, then retries. */
export const scenario: Scenario = {
  id: 'F8',
  title: 'worker killed after the request, before the answer',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const slow = { status: 200, delayMs: 3_000 }
    const killWith = async (arrivals: number) => {
      const seen = await stack.receiver.count()
      const posting = stack.client.post(5)
      await eventually(async () => (await stack.receiver.count()) >= seen + arrivals)
      const [worker] = stack.workers()
      worker?.kill('SIGKILL')
      await worker?.exited
      await posting
    }
    await stack.receiver.program({ rules: [{ answer: slow }] })
    await killWith(10)
    await stack.receiver.program({ rules: [{ first: 1, answer: { status: 500 } }, { answer: slow }] })
    await stack.startWorker()
    await killWith(30)
    await stack.receiver.program({ rules: [] })
    await stack.startWorker()
    const finding = await judge(stack, { retries: 5 })
    const { attempts } = await readLedgers(stack)
    const unknown = attempts.filter(({ err }) => err === 'unknown').length
    mustHold(finding, unknown > 0, 'F8 no attempt is recorded as unknown')
    finding.notes.push(`${unknown} attempts are recorded as unknown`)
    return finding
  },
}

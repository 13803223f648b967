import { randomBytes } from 'node:crypto'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F80',
  title: 'master key missing, malformed or of another installation',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    await stack.client.post(10)
    const codes: string[] = []
    for (const key of ['', 'short', randomBytes(32).toString('base64')]) {
      const env = { WAYBILL_MASTER_KEY: key }
      const started = await Promise.all([
        stack.startApi({ env, waitReady: false }),
        stack.startWorker({ env, waitReady: false }),
      ])
      await lasts(5_000)
      for (const one of started) {
        codes.push(one.running() ? 'runs' : String((await one.exited).code))
        one.kill('SIGKILL')
        await one.exited
      }
    }
    const finding = await judge(stack)
    finding.notes.push(`exit codes: ${codes.join(', ')}`)
    mustHold(
      finding,
      codes.slice(0, 4).every((code) => code === '78'),
      `F80 ${codes.join(', ')}: not 78 for a bad key`,
    )
    mustHold(
      finding,
      codes.slice(4).every((code) => code === '1' || code === '78'),
      'F80 runs with another key',
    )
    return finding
  },
}

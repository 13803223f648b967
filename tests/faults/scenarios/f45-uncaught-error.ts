import { eventually } from '@waybill/testing'
import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

/** What nobody catches ends the worker, in order, with a line in its log. */
const fatal = [
  { point: 'fan-out.frozen:3:crash', said: 'process.exception-uncaught' },
  { point: 'fan-out.frozen:3:reject', said: 'process.rejection-unhandled' },
] as const

export const scenario: Scenario = {
  id: 'F45',
  title: 'an error in a job, and errors that nobody catches',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const load = startLoad(stack)
    const [first] = stack.workers()
    for (const point of [
      'fan-out.claimed:3:throw',
      'drain.claimed:1:throw',
      'drain.sliced:1:throw',
    ] as const) {
      await first?.arm(point)
      await eventually(
        () => first?.lines.some(({ text }) => text.includes(`fault point ${point.split(':')[0]}`)),
        { timeoutMs: 30_000 },
      )
    }
    const failures: string[] = []
    for (const { point, said } of fatal) {
      const [victim] = stack.workers()
      await victim?.arm(point)
      await eventually(() => victim?.running() === false, { timeoutMs: 60_000 })
      const end = await victim?.exited
      if (!victim?.lines.some(({ text }) => text.includes(said)))
        failures.push(`F45 ${said} is not in the log`)
      if (end?.code !== 1) failures.push(`F45 ${point}: ended with ${end?.code ?? end?.signal}, not 1`)
      await stack.startWorker()
    }
    await load.stop()
    const finding = await judge(stack)
    finding.failures.push(...failures)
    return finding
  },
}

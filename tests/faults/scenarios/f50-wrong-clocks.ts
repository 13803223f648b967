import { samplesOf } from '../../support/evaluate-rule.ts'
import { expectAlarms } from '../support/expect-alarms.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack, lasts } from '../support/start-load.ts'

const hour = 3_600_000

/** The receiver checks the signature's time against its own clock, which is right. */
export const scenario: Scenario = {
  id: 'F50',
  title: 'wall clocks wrong by +1 h, −1 h and +1 day',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const load = startLoad(stack)
    // Somebody must have looked before.
    await lasts(2_500)
    /** By how much the clock of each worker is wrong, ms, by its pid. */
    const skews = new Map(stack.workers().map(({ pid }) => [pid, 0]))
    const fromMs = Date.now()
    for (const [api, worker] of [
      [0, hour],
      [hour, -hour],
      [-hour, 24 * hour],
      [24 * hour, 0],
    ] as const) {
      const old = [...stack.apis(), ...stack.workers()]
      const [, started] = await Promise.all([
        stack.startApi({ skewed: true, env: { SKEW_MS: String(api) } }),
        stack.startWorker({ skewed: true, env: { SKEW_MS: String(worker) } }),
      ])
      skews.set(started.pid, worker)
      for (const process of old) process.kill('SIGTERM')
      await Promise.all(old.map(({ exited }) => exited))
      await lasts(2_500)
    }
    const toMs = Date.now()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, [{ alert: 'WaybillClockSkew' }])
    await load.stop()
    const finding = await judge(stack)
    noteAlarms(finding)
    const lines = await stack.receiver.lines()
    const wrong = lines.filter(({ at, timestamp }) => Math.abs(at / 1_000 - timestamp) > 5)
    mustHold(
      finding,
      wrong.length === 0,
      `F50 ${wrong.length} signatures with a time that is wrong by over 5 s`,
    )
    for (const [pid, skewMs] of skews) {
      const told = skewsOf(stack, pid)
      const off = told.filter((seconds) => Math.abs(seconds - Math.abs(skewMs) / 1_000) > 5)
      mustHold(
        finding,
        told.length > 0 && off.length === 0,
        `F50 a worker that is wrong by ${skewMs} ms tells a skew of ${told.join(', ')} s`,
      )
    }
    return finding
  },
}

/** Every figure that was seen of one worker, in seconds. */
const skewsOf = ({ watch }: FaultStack, pid: number): number[] =>
  watch.sights.flatMap(({ processes }) =>
    processes
      .filter((one) => one.pid === pid)
      .flatMap(({ page = '' }) => samplesOf(page, 'waybill_clock_skew_seconds').map(({ value }) => value)),
  )

import { access, mkdir, rmdir, writeFile } from 'node:fs/promises'
import { eventually } from '@waybill/testing'
import { judge, mustHold, needsOf } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const parent = '/sys/fs/cgroup/cpu'
const starvedMs = 12_000

export const scenario: Scenario = {
  id: 'F43',
  title: 'worker starved to 5 % of a CPU',
  backends: bothBackends,
  run: async (context) => {
    const group = `${parent}/waybill-${process.pid}-${context.backend}`
    try {
      await access(`${parent}/cpu.cfs_quota_us`)
      await mkdir(group)
      await writeFile(`${group}/cpu.cfs_quota_us`, '5000')
    } catch {
      await rmdir(group).catch(() => undefined)
      return needsOf('a writable cgroup with the cpu controller')
    }
    context.cleanUp(() => eventually(() => rmdir(group).then(() => true), { timeoutMs: 5_000 }))
    // Alone, as its heartbeats will be late: with a second worker it would be taken over, which is F42.
    const stack = await usualStack(context, { workerEnv: { LEASE_MS: '60000', SELF_STOP_MS: '20000' } })
    const [victim] = stack.workers()
    const load = startLoad(stack, { rate: 20 })
    await lasts(1_500)
    await writeFile(`${group}/cgroup.procs`, String(victim?.pid))
    await lasts(starvedMs)
    await writeFile(`${parent}/cgroup.procs`, String(victim?.pid))
    await load.stop()
    // Late, not lost.
    const finding = await judge(stack, { lateMs: starvedMs })
    mustHold(finding, victim?.running() === true, 'F43 the worker ended')
    return finding
  },
}

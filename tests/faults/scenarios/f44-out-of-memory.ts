import { access, mkdir, rmdir, writeFile } from 'node:fs/promises'
import { eventually } from '@waybill/testing'
import { judge, mustHold, needsOf } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

const parent = '/sys/fs/cgroup/memory'

export const scenario: Scenario = {
  id: 'F44',
  title: 'worker killed for its memory by the kernel',
  backends: bothBackends,
  run: async (context) => {
    const group = `${parent}/waybill-${process.pid}-${context.backend}`
    try {
      await access(`${parent}/memory.limit_in_bytes`)
      await mkdir(group)
      await writeFile(`${group}/memory.limit_in_bytes`, String(12 * 1_048_576))
    } catch {
      await rmdir(group).catch(() => undefined)
      return needsOf('a writable cgroup with the memory controller')
    }
    context.cleanUp(() => eventually(() => rmdir(group).then(() => true), { timeoutMs: 5_000 }))
    const stack = await usualStack(context)
    const [victim] = stack.workers()
    await stack.client.post(20)
    // Only what it takes from now on is counted, so the limit is soon reached.
    await writeFile(`${group}/cgroup.procs`, String(victim?.pid))
    const load = startLoad(stack, { rate: 100, body: { order: { note: 'x'.repeat(50_000) } } })
    await eventually(() => victim?.running() === false, { timeoutMs: 60_000 }).catch(() => undefined)
    await load.stop()
    const killed = victim?.running() === false
    await stack.startWorker()
    const finding = await judge(stack, { inFlightMs: 10_000 })
    mustHold(finding, killed, 'F44 the kernel did not kill the worker')
    return finding
  },
}

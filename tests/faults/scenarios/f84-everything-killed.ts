import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const times = 3

export const scenario: Scenario = {
  id: 'F84',
  title: 'api, worker, Postgres and Redis killed at the same moment, as when a host loses its power',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const redis = context.backend === 'redis' ? await context.privateRedis() : undefined
    const queue = context.queue(postgres.url, redis?.url)
    const stack = await usualStack(context, { databaseUrl: postgres.url, queue })
    const load = startLoad(stack)
    for (let i = 0; i < times; i += 1) {
      await lasts(2_500)
      const victims = [...stack.apis(), ...stack.workers()]
      const family = await postgres.pids()
      for (const victim of victims) victim.kill('SIGKILL')
      for (const pid of family) process.kill(pid, 'SIGKILL')
      await Promise.all([redis?.kill(), ...victims.map((victim) => victim.exited)])
      await Promise.all([postgres.start(), redis?.restart()])
      await Promise.all([stack.startApi(), stack.startWorker()])
    }
    await lasts(1_500)
    await load.stop()
    const finding = await judge(stack, { calls: { cut: true, unavailable: true } })
    mustHold(finding, stack.workers().length === 1, 'F84 the worker did not stay')
    return finding
  },
}

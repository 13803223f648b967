import type { Contender } from './contender.ts'
import { statementsBetween } from './counters.ts'
import type { PostgresObserver, RedisCounters } from './counters.ts'
import { cpuBetween, processCpu, treeBetween, treeCpu } from './cpu.ts'
import type { ProcessCpu } from './cpu.ts'

export type Pids = { api: number; worker: number; postgres: number; redis: number | undefined }

/** Reads all counters of a stack; CPU last before and first after the load, so that reading costs nobody. */
export function watchStack(
  pids: Pids,
  observer: PostgresObserver,
  redisCounters: (() => Promise<RedisCounters>) | undefined,
): Contender['watch'] {
  const cpu = () => ({
    api: processCpu(pids.api),
    worker: processCpu(pids.worker),
    postgres: treeCpu(pids.postgres),
    redis: pids.redis === undefined ? undefined : processCpu(pids.redis),
  })
  const counters = async () => ({
    postgres: await observer.counters(),
    redis: (await redisCounters?.()) ?? { evalsha: 0, calls: 0 },
  })
  return async () => {
    const earlier = await counters()
    const before = cpu()
    return async () => {
      const after = cpu()
      const later = await counters()
      const inPostgres = treeBetween(before.postgres, after.postgres)
      inPostgres.delete(observer.pid)
      const postgresCpu = byRole(inPostgres, await observer.roles())
      return {
        cpu: {
          api: cpuBetween(before.api, after.api),
          worker: cpuBetween(before.worker, after.worker),
          postgres: sum([...inPostgres.values()]),
          ...(before.redis && after.redis ? { redis: cpuBetween(before.redis, after.redis) } : {}),
        },
        postgresCpu,
        statements: statementsBetween(earlier.postgres, later.postgres),
        walBytes: later.postgres.walBytes - earlier.postgres.walBytes,
        evalsha: later.redis.evalsha - earlier.redis.evalsha,
        redisCalls: later.redis.calls - earlier.redis.calls,
      }
    }
  }
}

function sum(parts: readonly ProcessCpu[]): ProcessCpu {
  const total = { seconds: 0, system: 0 }
  for (const { seconds, system } of parts) {
    total.seconds += seconds
    total.system += system
  }
  return total
}

function byRole(spent: Map<number, ProcessCpu>, roles: Map<number, string>): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [pid, { seconds }] of spent) {
    const role = pid === 0 ? 'postmaster and ended' : (roles.get(pid) ?? 'other')
    if (seconds !== 0) sums[role] = (sums[role] ?? 0) + seconds
  }
  return sums
}

import { startRedis } from '@waybill/testing'
import type { Bench } from './bench.ts'
import { startBenchProcess } from './bench-process.ts'
import type { Contender } from './contender.ts'
import { observeRedis } from './counters.ts'
import { cpuBetween, processCpu } from './cpu.ts'

/** B, the plain loop: Express, one BullMQ job a delivery, undici. No database: what Redis forgets is lost. */
export async function startPlainLoop(bench: Bench, receiverUrl: string): Promise<Contender> {
  const path = '/plain-loop'
  const redis = await startRedis()
  bench.resources.add('Redis of the plain loop', () => redis.stop())
  const counters = observeRedis(bench, redis.url)
  const env = { PLAIN_REDIS_URL: redis.url }
  const accept = startBenchProcess(bench, 'plain-loop/accept.ts', env)
  const deliver = startBenchProcess(bench, 'plain-loop/deliver.ts', env)
  const { url } = await accept.ask<{ url: string }>('listen')
  await deliver.ask('start', `${receiverUrl}${path}`)

  const cpu = () => ({
    api: processCpu(accept.pid),
    worker: processCpu(deliver.pid),
    redis: processCpu(redis.pid),
  })
  return {
    name: 'B plain loop',
    origin: url,
    headers: {},
    path,
    settled: () => Promise.resolve(true),
    watch: async () => {
      const [earlier, before] = [await counters(), cpu()]
      return async () => {
        const [after, later] = [cpu(), await counters()]
        return {
          cpu: {
            api: cpuBetween(before.api, after.api),
            worker: cpuBetween(before.worker, after.worker),
            redis: cpuBetween(before.redis, after.redis),
          },
          postgresCpu: {},
          statements: [],
          walBytes: 0,
          evalsha: later.evalsha - earlier.evalsha,
          redisCalls: later.calls - earlier.calls,
        }
      }
    },
  }
}

import { redisServerPath, startRedis } from '@waybill/testing'
import type { TestResources } from './test-resources.ts'

/** REDIS_URL, or a server of our own; without either, the tests on Redis are left out, unless that is forbidden. */
export async function provideRedis(resources: TestResources): Promise<string | undefined> {
  const given = process.env['REDIS_URL']
  if (given) return given
  if (redisServerPath() !== undefined) {
    const redis = await startRedis()
    resources.add('Redis', () => redis.stop())
    console.log(`tests: Redis at ${redis.url}`)
    return redis.url
  }
  const missing = 'there is no REDIS_URL, and neither redis-server nor valkey-server is on the PATH'
  if (process.env['WAYBILL_REQUIRE_REDIS'] === '1') throw new Error(`WAYBILL_REQUIRE_REDIS=1, but ${missing}`)
  const line = '*'.repeat(100)
  console.warn(
    `${line}\n* NO REDIS: ${missing}.\n* The tests on the Redis queue are LEFT OUT of this run.\n${line}`,
  )
  return undefined
}

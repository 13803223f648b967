import { afterEach, expect, it, jest } from '@jest/globals'
import { queueBackends } from '@waybill/testing'

afterEach(() => {
  jest.restoreAllMocks()
})

it('offers both backends, each call on Redis with a prefix of its own', () => {
  const [onPostgres, onRedis] = queueBackends({ REDIS_URL: 'redis://127.0.0.1:1' })
  const here = 'postgres://127.0.0.1/here'
  expect(onPostgres?.name).toBe('postgres')
  expect(onPostgres?.config(here)).toEqual({ backend: 'postgres', databaseUrl: here })
  expect(onRedis?.name).toBe('redis')
  const config = onRedis?.config(here)
  expect(config).toMatchObject({ backend: 'redis', redisUrl: 'redis://127.0.0.1:1' })
  expect(onRedis?.config(here)).not.toEqual(config)
})

it('says loudly that the Redis half is left out', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
  expect(queueBackends({}).map(({ name }) => name)).toEqual(['postgres'])
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('NO REDIS'))
})

it('refuses to leave it out where Redis is required', () => {
  expect(() => queueBackends({ WAYBILL_REQUIRE_REDIS: '1' })).toThrow(/REDIS_URL/)
})

import { describe, expect, it } from '@jest/globals'
import { postgresOptions } from '../src/postgres-options.ts'
import { queueConfigFrom } from '../src/queue-config.ts'

const databaseUrl = 'postgres://waybill@db:5432/waybill'

describe('the queue config', () => {
  it('is Redis when there is an address, with a prefix that keeps a cluster in one slot', () => {
    const redisUrl = 'redis://cache:6379'
    expect(queueConfigFrom({ redisUrl, databaseUrl })).toEqual({
      backend: 'redis',
      redisUrl,
      prefix: '{waybill}',
    })
  })

  it('takes a prefix of its own on Redis only', () => {
    const queuePrefix = '{mine}'
    const redis = queueConfigFrom({ redisUrl: 'redis://cache:6379', databaseUrl, queuePrefix })
    expect(redis).toMatchObject({ prefix: '{mine}' })
    expect(queueConfigFrom({ databaseUrl, queuePrefix })).not.toHaveProperty('prefix')
  })

  it('is the database when the address is missing or empty', () => {
    const expected = { backend: 'postgres', databaseUrl, schema: 'bullmq' }
    expect(queueConfigFrom({ databaseUrl })).toEqual(expected)
    expect(queueConfigFrom({ redisUrl: '', databaseUrl })).toEqual(expected)
  })
})

describe('the options of a Postgres pool', () => {
  it('keep the options of the address next to their own', () => {
    const address = `${databaseUrl}?sslmode=disable&options=-c%20work_mem%3D8MB`
    const { connectionString, options } = postgresOptions({ backend: 'postgres', databaseUrl: address })
    expect(connectionString).toBe(`${databaseUrl}?sslmode=disable`)
    expect(options).toBe('-c work_mem=8MB -c synchronous_commit=off -c idle_session_timeout=0')
  })
})

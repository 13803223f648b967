import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import supertest from 'supertest'
import { startApiOn, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

const minute = 60_000
const trueNow = Date.now

describe.each([-60, 60])('a host whose clock is wrong by %i minutes', (wrongBy) => {
  let api: TestApi
  beforeEach(async () => {
    jest.spyOn(Date, 'now').mockImplementation(() => trueNow() + wrongBy * minute)
    api = await startTestApi()
  })
  afterEach(async () => {
    await api.close()
    jest.restoreAllMocks()
  })

  const post = (inMs: number, url = api.url) =>
    supertest(url)
      .post('/v1/triggers')
      .auth(api.tokens.ours, { type: 'bearer' })
      .send(trigger({ occurred_at: new Date(trueNow() + inMs).toISOString() }))

  it("judges by the database's clock what lies in the future, from the first trigger on", async () => {
    expect((await post(0)).status).toBe(202)
    expect((await post(4 * minute)).status).toBe(202)
    expect((await post(6 * minute)).body).toMatchObject({ status: 422, code: 'timestamp_in_future' })
  })

  it('refuses nothing for good before the database has told its clock', async () => {
    await api.database.sql`UPDATE drizzle.__drizzle_migrations SET created_at = created_at - 1`
    const early = await startApiOn(api.databaseUrl)
    try {
      expect((await post(0, early.url)).body).toMatchObject({ status: 503, code: 'schema_outdated' })
    } finally {
      await early.close()
    }
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { createStoreHealth } from '../src/health/create-store-health.ts'
import { startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const accept = async () => {
  const answer = await supertest(api.url)
    .post('/v1/triggers')
    .auth(api.tokens.ours, { type: 'bearer' })
    .send(trigger())
  return answer.status
}
const ready = () => supertest(api.url).get('/readyz?verbose')

/** Every flush fails with this code of the database, which answers everything else. */
async function failFlushes(code: string): Promise<void> {
  await api.database.sql.unsafe(`
    CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
      $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END$$;
    CREATE TRIGGER fail BEFORE INSERT ON batches FOR EACH STATEMENT EXECUTE FUNCTION fail()`)
}
const mend = () => api.database.sql.unsafe('DROP TRIGGER fail ON batches')

describe('readiness', () => {
  it.each(['53100', '57014'])('ends when flushes keep failing with %s, until one succeeds', async (code) => {
    await failFlushes(code)
    expect([await accept(), await accept(), (await ready()).status]).toEqual([503, 503, 200])
    expect([await accept(), (await ready()).status]).toEqual([503, 503])
    expect((await ready()).body.checks.storing).toEqual({ ok: false, detail: `flushes fail with ${code}` })
    await mend()
    expect([await accept(), (await ready()).status]).toEqual([202, 200])
  })

  it('is not ended by what is wrong with the triggers', async () => {
    await failFlushes('22P02')
    expect([await accept(), await accept(), await accept()]).toEqual([422, 422, 422])
    expect((await ready()).status).toBe(200)
    await mend()
  })

  it('comes back when no more triggers come, so that somebody sends them again', () => {
    let now = 0
    const health = createStoreHealth(() => now)
    const full = { code: '53100' }
    for (let i = 0; i < 3; i += 1) health.failed(full)
    expect(health.failing()).toBe('flushes fail with 53100')
    now = 30_001
    expect(health.failing()).toBeUndefined()
    health.failed(full)
    expect(health.failing()).toBeUndefined()
  })
})

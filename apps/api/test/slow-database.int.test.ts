import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ env: { TOKEN_CACHE_MS: '1' } })
  const { sql } = api.database
  // Who calls and what is in service is found out in 0.9 s, everything else in 1.4 s: each of them is in time.
  for (const table of ['tokens', 'routes']) await slowDown(table, 0.9)
  await slowDown('subscriptions', 1.4)
  await sql.unsafe(`
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(1.4); RETURN NULL; END$$;
    CREATE TRIGGER slow BEFORE INSERT ON batches FOR EACH STATEMENT EXECUTE FUNCTION slow()`)
})
afterAll(() => api.close())

async function slowDown(table: string, seconds: number): Promise<void> {
  await api.database.sql.unsafe(`
    ALTER TABLE ${table} RENAME TO ${table}_kept;
    CREATE VIEW ${table} AS SELECT kept.* FROM (SELECT pg_sleep(${seconds}) OFFSET 0) AS slept, ${table}_kept AS kept`)
}

const agent = () => supertest(api.url)
const bearer = { type: 'bearer' } as const
const asks = {
  accept: () => agent().post('/v1/triggers').auth(api.tokens.ours, bearer).send(trigger()),
  native: () => agent().get('/v1/subscriptions').auth(api.tokens.ours, bearer),
  Nursa: () => agent().get('/api/v2/public/webhooks/facility').auth(api.tokens.ours, bearer),
  'Planning Center': () => agent().get('/webhooks/v2/webhook_subscriptions').auth(api.tokens.ours, bearer),
  PlanOmatic: () =>
    agent().post('/api/v1/webhook_out_subs/index').send({ token: api.tokens.ours, integration_id: ours }),
}

describe('a database that is slow', () => {
  it.each(Object.entries(asks))('keeps nobody waiting for longer than 2 s: %s', async (name, ask) => {
    const startedAt = performance.now()
    const answer = await ask()
    expect(performance.now() - startedAt).toBeLessThan(2_150)
    expect(answer.status).toBe(name === 'PlanOmatic' ? 500 : 503)
  })
})

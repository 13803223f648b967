import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually, whileLocked } from '@waybill/testing'
import supertest from 'supertest'
import { startTestApi, theirs, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const post = (path: string, body: object, token = api.tokens.ours) =>
  supertest(api.url).post(path).auth(token, { type: 'bearer' }).send(body)
const batchesOf = async (integration: number) =>
  await api.database.sql<{ bulk: boolean; mixed: boolean }[]>`
    SELECT b.bulk, count(DISTINCT t.integration) > 1 AS mixed
    FROM batches b JOIN triggers t ON t.id >= b.first_trigger AND t.id < b.first_trigger + b.n
    WHERE EXISTS (SELECT FROM triggers o WHERE o.id >= b.first_trigger AND o.id < b.first_trigger + b.n
      AND o.integration = ${integration}::int)
    GROUP BY b.id, b.bulk ORDER BY b.id`

describe('an integration that floods', () => {
  it('shares no batch with others and makes bulk ones, single posts like batch calls', async () => {
    const other = { ...trigger(), integration_id: theirs }
    expect((await post('/v1/triggers', other, api.tokens.theirs)).status).toBe(202)
    const triggers = Array.from({ length: 900 }, () => trigger())
    expect((await post('/v1/triggers/batch', { triggers })).status).toBe(202)
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => post('/v1/triggers', trigger())),
      ...Array.from({ length: 5 }, () => post('/v1/triggers', other, api.tokens.theirs)),
    ])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
    const theirBatches = await batchesOf(theirs)
    expect(theirBatches.map(({ bulk, mixed }) => bulk || mixed)).toEqual(theirBatches.map(() => false))
    const ourBatches = await batchesOf(12)
    expect(ourBatches.length).toBeGreaterThan(1)
    expect(ourBatches.map(({ bulk }) => bulk)).toEqual(ourBatches.map(() => true))
  })

  it('is told to come back where too much of it waits, and others are not', async () => {
    const triggers = Array.from({ length: 1_000 }, () => trigger())
    const flood = () => Promise.all(Array.from({ length: 5 }, () => post('/v1/triggers/batch', { triggers })))
    await whileLocked(api.databaseUrl, 'batches', 'ACCESS EXCLUSIVE', async () => {
      // On a busy machine the first are given up before the last is there.
      const refused = await eventually(async () => {
        const found = (await flood()).filter(({ status }) => status === 429)
        return found.length > 0 ? found : undefined
      })
      for (const { body, headers } of refused ?? [])
        expect([body.code, headers['retry-after']]).toEqual(['too_many_waiting', '1'])
    })
    const other = { ...trigger(), integration_id: theirs }
    expect((await post('/v1/triggers', other, api.tokens.theirs)).status).toBe(202)
  })
})

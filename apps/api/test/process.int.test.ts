import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken, putIntegration } from '@waybill/db'
import { createTestDatabase, eventually, startProcess, type TestDatabase } from '@waybill/testing'
import { fileURLToPath } from 'node:url'
import { clientKinds, postUntilRefused } from './support/post-until-refused.ts'
import { masterKey, openTestDatabase, ours } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const clients = 8

const start = (env: Record<string, string>) =>
  startProcess({
    program,
    env: { PORT: '0', METRICS_PORT: '0', WAYBILL_MASTER_KEY: masterKey, LAME_DUCK_MS: '300', ...env },
  })
const started = async (api: ReturnType<typeof start>) => {
  const line = await api.waitForLine(({ fields }) => fields['event'] === 'server.started')
  return String(line.fields['address'])
}

describe('the api process', () => {
  it('ends with 78 and names every bad variable', async () => {
    const api = start({ DATABASE_URL: 'nonsense', PORT: 'abc', EGRESS_ALLOW: '300.1.1.1/8' })
    expect(await api.exited).toMatchObject({ code: 78 })
    const text = api.lines.map((line) => line.text).join('\n')
    for (const name of ['DATABASE_URL', 'PORT', 'EGRESS_ALLOW']) expect(text).toContain(name)
  })

  it('does not start in production where Node is to check no certificate', async () => {
    const env = { DATABASE_URL: database.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const refused = start({ ...env, NODE_ENV: 'production' })
    expect(await refused.exited).toMatchObject({ code: 78 })
    const said = refused.lines.filter(({ text }) => text.includes('NODE_TLS_REJECT_UNAUTHORIZED'))
    expect(said).toHaveLength(1)
    const elsewhere = start(env)
    await started(elsewhere)
    await elsewhere.stop()
    expect(elsewhere.lines.map(({ fields }) => fields['event'])).toContain('environment.unsafe')
  })

  it('starts, serves, and ends with 0 on SIGTERM', async () => {
    const api = start({ DATABASE_URL: database.url })
    const url = await started(api)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await api.stop()).toMatchObject({ code: 0 })
  })

  it.each(clientKinds)('fails no call and loses nothing when it is stopped under load: %s', async (kind) => {
    const { sql, orm, close } = openTestDatabase(database.url)
    await putIntegration(orm, ours, 'Ours')
    const { token } = await createToken(orm, 'load', [ours])
    // Long enough that no connection idles all the while only because the host is busy.
    const api = start({ DATABASE_URL: database.url, LAME_DUCK_MS: '2500' })
    const url = await started(api)
    await sql`TRUNCATE triggers, batches`
    const calls = postUntilRefused(kind, { url, token, body: JSON.stringify(trigger()) }, clients)
    await eventually(async () => (await sql`SELECT FROM triggers LIMIT 1`).length > 0)
    const exit = await api.stop()
    const counts = await calls
    const [row] = await sql`SELECT count(*)::int AS n FROM triggers`
    await close()
    expect(exit).toMatchObject({ code: 0 })
    const { 202: accepted, ECONNRESET: reset = 0, ...others } = counts
    expect(accepted).toBe(row?.['n'])
    expect(others).toEqual({})
    // Nobody keeps them from the address that closes: what the kernel takes in at that very moment is reset, unread.
    expect(reset).toBeLessThanOrEqual(clients)
  })

  it('says that it is not ready and serves on before it ends', async () => {
    const api = start({ DATABASE_URL: database.url, LAME_DUCK_MS: '4000' })
    const url = await started(api)
    api.kill('SIGTERM')
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 503)
    const late = await fetch(`${url}/livez`)
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close'])
    expect(await api.exited).toMatchObject({ code: 0 })
  })

  it('refuses a lame-duck time that it could not live to see', async () => {
    const api = start({ DATABASE_URL: database.url, LAME_DUCK_MS: '25000' })
    expect(await api.exited).toMatchObject({ code: 78 })
    expect(api.lines.map((line) => line.text).join()).toContain('LAME_DUCK_MS ("25000"): must be less than')
  })

  it('refuses a database that another master key made', async () => {
    const api = start({
      DATABASE_URL: database.url,
      WAYBILL_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    })
    expect(await api.exited).toMatchObject({ code: 1 })
  })

  it('listens without a database, and says so', async () => {
    const api = start({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    const url = await started(api)
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    expect(await api.stop()).toMatchObject({ code: 0 })
  })
})

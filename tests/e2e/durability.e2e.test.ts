import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { findDurabilityProblem } from '@waybill/db'
import { eventually, startProcess, type TestProcess } from '@waybill/testing'
import { startPrivatePostgres, type PrivatePostgres } from '../faults/support/private-postgres.ts'
import { masterKey } from '../support/subscribe-receiver.ts'
import { watchAlerts } from './support/watch-alerts.ts'

const root = join(import.meta.dirname, '../..')
let postgres: PrivatePostgres
beforeAll(async () => {
  postgres = await startPrivatePostgres()
})
afterAll(() => postgres.end())

const started: TestProcess[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()))
})

function start(app: 'api' | 'worker', env: Record<string, string>): TestProcess {
  const own = {
    DATABASE_URL: postgres.url,
    WAYBILL_MASTER_KEY: masterKey.toString('base64'),
    PORT: '0',
    METRICS_PORT: '0',
    LAME_DUCK_MS: '0',
  }
  const child = startProcess({
    program: join(root, `apps/${app}/src/main.ts`),
    cwd: root,
    env: { ...own, ...env },
  })
  started.push(child)
  return child
}

const production = { NODE_ENV: 'production' }
const running = (child: TestProcess) =>
  child.waitForLine(({ fields }) => fields['event'] === 'process.started')
const warnings = ({ lines }: TestProcess) =>
  lines.filter(({ fields }) => fields['event'] === 'database.not-durable').map(({ fields }) => fields['off'])
const refusals = ({ lines }: TestProcess) =>
  lines.filter(({ text }) => text.includes('would lose what was accepted'))

/** Sets it for every connection from now on; answers how to take that back. */
async function set(how: 'role' | 'database' | 'server', setting: string, value: string) {
  const { username, pathname } = new URL(postgres.url)
  const whose = {
    role: `ROLE "${username}"`,
    database: `DATABASE "${pathname.slice(1)}"`,
    server: 'SYSTEM',
  }[how]
  const alter = (rest: string) =>
    postgres.asAdmin(async (sql) => {
      await sql.unsafe(`ALTER ${whose} ${rest}`)
      await sql`SELECT pg_reload_conf()`
    })
  await alter(`SET ${setting} = ${value}`)
  await eventually(() =>
    postgres.asAdmin(async (sql) => (await sql.unsafe(`SHOW ${setting}`))[0]?.[setting] === value),
  )
  return () => alter(`RESET ${setting}`)
}

describe.each(['api', 'worker'] as const)('a starting %s', (app) => {
  it('has nothing to say of a database that keeps what it commits', async () => {
    const child = start(app, production)
    await running(child)
    expect([warnings(child), refusals(child)]).toEqual([[], []])
  })

  it.each([
    ['role', 'synchronous_commit'],
    ['server', 'fsync'],
  ] as const)('refuses a %s with %s off in production, and else says so once', async (how, setting) => {
    const takeBack = await set(how, setting, 'off')
    try {
      const refused = start(app, production)
      const elsewhere = start(app, {})
      expect(await refused.exited).toMatchObject({ code: 1 })
      expect(refusals(refused)).toHaveLength(1)
      expect(refusals(refused)[0]?.text).toContain(`off is ${setting}`)
      await running(elsewhere)
      expect(warnings(elsewhere)).toEqual([setting])
    } finally {
      await takeBack()
    }
  })
})

/** As every process asks when it starts. */
describe('the look at the settings of a database', () => {
  it.each([
    ['role', 'synchronous_commit', 'remote_apply', undefined],
    ['role', 'synchronous_commit', 'remote_write', undefined],
    ['role', 'synchronous_commit', 'local', undefined],
    ['role', 'synchronous_commit', 'off', 'synchronous_commit'],
    ['database', 'synchronous_commit', 'off', 'synchronous_commit'],
    ['server', 'fsync', 'off', 'fsync'],
    ['server', 'full_page_writes', 'off', 'full_page_writes'],
  ] as const)('finds of a %s whose %s is %s what is off: %s', async (how, setting, value, off) => {
    const takeBack = await set(how, setting, value)
    try {
      const problem = await findDurabilityProblem(postgres.url)
      expect(problem).toBe(off && `would lose what was accepted if it crashed: off is ${off}`)
    } finally {
      await takeBack()
    }
  })
})

describe('a worker that runs in production', () => {
  it('tells when a role begins to lose what it commits, until it no longer does', async () => {
    const worker = start('worker', production)
    await running(worker)
    const { firing, fires, falls } = watchAlerts({ api: worker, workers: [] })
    expect(await firing()).not.toContain('WaybillStorageUnsafe')
    const takeBack = await set('role', 'synchronous_commit', 'off')
    try {
      await fires('WaybillStorageUnsafe')
    } finally {
      await takeBack()
    }
    await falls('WaybillStorageUnsafe')
  }, 150_000)
})

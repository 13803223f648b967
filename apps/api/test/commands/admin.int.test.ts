import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { findPrincipal, hashToken, openDatabase, type Database } from '@waybill/db'
import { createTestDatabase, startProcess, testServices, type TestDatabase } from '@waybill/testing'

const admin = async (databaseUrl: string | undefined, ...args: string[]) => {
  const env = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
  const process = startProcess({ program: 'apps/api/src/commands/admin.ts', args, env })
  const { code } = await process.exited
  const said = (stream: 'stdout' | 'stderr') =>
    process.lines
      .filter((line) => line.stream === stream)
      .map(({ text }) => text)
      .join('\n')
  return { code, out: said('stdout'), note: said('stderr') }
}

describe('the admin command', () => {
  let clone: TestDatabase
  let database: Database

  beforeAll(async () => {
    clone = await createTestDatabase()
    database = openDatabase({
      url: clone.url,
      applicationName: 'waybill-test',
      hotConnections: 1,
      otherConnections: 1,
      statementTimeoutMs: 10_000,
    })
  })
  afterAll(async () => {
    await database.close()
    await clone.drop()
  })

  it('makes an integration and renames it', async () => {
    const names = []
    for (const name of ['Yard', 'Dock']) {
      expect(await admin(clone.url, 'integration', 'put', '--id', '12', '--name', name)).toMatchObject({
        code: 0,
      })
      names.push(await database.sql`SELECT name FROM integrations WHERE id = 12`)
    }
    expect(names).toEqual([[{ name: 'Yard' }], [{ name: 'Dock' }]])
  })

  it('prints a token that works, and ends it', async () => {
    const made = await admin(clone.url, 'token', 'create', '--integration', '12', '--name', 'orders')
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^wbt_[\w-]{43}$/) })
    const principal = await findPrincipal(database.orm, hashToken(made.out))
    expect(principal).toMatchObject({ name: 'orders', integrations: new Set([12]) })
    const id = String(principal?.tokenId)
    expect(made.note).toContain(`Token ${id} `)
    expect(made.note).not.toContain(made.out)

    expect(await admin(clone.url, 'token', 'revoke', '--id', id)).toMatchObject({ code: 0, out: '' })
    expect(await findPrincipal(database.orm, hashToken(made.out))).toBeUndefined()
    expect(await admin(clone.url, 'token', 'revoke', '--id', id)).toMatchObject({
      code: 1,
      note: `There is no living token ${id}.`,
    })
  })

  it('makes no token for an integration that is not there, and says how to make one', async () => {
    const args = ['token', 'create', '--integration', '12', '--integration', '13', '--name', 'orders']
    const { code, out, note } = await admin(clone.url, ...args)
    expect([code, out]).toEqual([1, ''])
    expect(note).toBe('There is no integration 13. Make it first: integration put --id 13 --name <text>')
    expect(await database.sql`SELECT id FROM tokens WHERE 13 = ANY(integrations)`).toEqual([])
  })

  it('lists integrations, and tokens without the token', async () => {
    const scopes = ['--scope', 'v1', '--scope', 'nursa', '--email', 'ops@yard.example.com']
    const made = await admin(
      clone.url,
      'token',
      'create',
      '--integration',
      '12',
      '--name',
      'listed',
      ...scopes,
    )
    expect(await findPrincipal(database.orm, hashToken(made.out))).toMatchObject({
      scopes: new Set(['v1', 'nursa']),
      email: 'ops@yard.example.com',
    })
    const tokens = await admin(clone.url, 'token', 'list')
    const day = String.raw`\d{4}-\d\d-\d\dT\S+Z`
    expect(tokens.code).toBe(0)
    expect(tokens.out).toMatch(/^ID +HINT +NAME +INTEGRATIONS +SCOPES +CREATED +REVOKED\n/)
    expect(tokens.out).toMatch(new RegExp(`^\\d+ +wbt_\\S{4}… +orders +12 +all +${day} +${day}$`, 'm'))
    expect(tokens.out).toMatch(
      new RegExp(`^\\d+ +${made.out.slice(0, 8)}… +listed +12 +v1,nursa +${day} +-$`, 'm'),
    )
    expect(tokens.out).not.toContain(made.out)
    const integrations = await admin(clone.url, 'integration', 'list')
    expect(integrations.code).toBe(0)
    expect(integrations.out).toMatch(new RegExp(`^ID +NAME +CREATED\\n12 +Dock +${day}$`))
  })

  it('sets how long history is kept, and shows what there is of it', async () => {
    expect(await admin(clone.url, 'retention', 'set', '--days', '13')).toMatchObject({ code: 64 })
    expect(await admin(clone.url, 'retention', 'set', '--days', '45')).toMatchObject({ code: 0, out: '' })
    expect(await database.sql`SELECT days, partition_days FROM retention`).toEqual([
      { days: 45, partition_days: 2 },
    ])
    await database.sql.unsafe(`
      CREATE TABLE deliveries_100_102 PARTITION OF deliveries FOR VALUES FROM (10000000000000) TO (10200000000000)`)
    await database.sql`UPDATE retention SET floor = 10200000000000`
    await database.sql`
      INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
      VALUES (10000000000007, 1, now(), now(), 0, 1)`
    const { code, out, note } = await admin(clone.url, 'retention', 'show')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^TABLE +PARTITIONS +OLDEST DAYS +BLOCKED\ndeliveries +\d+ +\d{4} +deliveries_100_102\nattempts +\d+ +[01] +-\ntriggers +\d+ +[01] +-$/,
    )
    expect(note).toBe('History is kept for 45 days; new partitions hold 2 days each.')
  })

  it('answers a wrong call with the usage and exit code 64', async () => {
    const { code, out, note } = await admin(clone.url, 'token', 'create', '--name', 'orders')
    expect([code, out]).toEqual([64, ''])
    expect(note).toMatch(/^--integration is missing\.\n+Usage:/)
  })

  it('names a missing DATABASE_URL and exits 78', async () => {
    const { code, note } = await admin(undefined, 'token', 'revoke', '--id', '1')
    expect(code).toBe(78)
    expect(note).toMatch(/DATABASE_URL/)
  })

  it('says that a database is not migrated, without the statement', async () => {
    const empty = await createTestDatabase({ ...testServices(), template: 'template0' })
    try {
      const { code, note } = await admin(empty.url, 'integration', 'put', '--id', '1', '--name', 'Yard')
      expect([code, note]).toEqual([1, 'Nothing was changed: the database is not migrated.'])
    } finally {
      await empty.drop()
    }
  })
})

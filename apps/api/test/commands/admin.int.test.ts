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

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openDatabase, type Database } from '@waybill/db'
import { createTestDatabase, type TestDatabase } from '@waybill/testing'
import { checkAudit } from './support/checks/check-audit.ts'

describe('C11', () => {
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

  it('tells what the audit finds and nobody expects, and what it should find and does not', async () => {
    const { sql } = database
    expect(await checkAudit(sql)).toEqual([])
    expect(await checkAudit(sql, ['lane_missing'])).toEqual(['C11 the audit does not tell lane_missing'])
    await sql`INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
      VALUES (1, 1, now(), now() + interval '1 hour', 0, 1)`
    const found = await checkAudit(sql, ['lane_missing'])
    expect(found.map((text) => text.split(':')[0])).toEqual([
      'C11 the audit tells due_without_delivery of 1',
      'C11 the audit does not tell lane_missing',
    ])
  })
})

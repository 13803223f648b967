import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openDatabase } from '@waybill/db'
import { createTestDatabase, startProxy, type TestDatabase } from '@waybill/testing'

describe('a connection that ends within a transaction', () => {
  let clone: TestDatabase
  beforeAll(async () => (clone = await createTestDatabase()))
  afterAll(() => clone.drop())

  it('fails the next statement, and nothing else', async () => {
    const proxy = await startProxy()
    const database = openDatabase({
      url: proxy.route(clone.url),
      applicationName: 'test',
      hotConnections: 1,
      otherConnections: 1,
      statementTimeoutMs: 5_000,
    })
    // Without the patch of the client this ends the process, from a callback that nobody can catch.
    const transaction = database.sql.begin(async (tx) => {
      await tx`SELECT 1`
      await proxy.close()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return tx`SELECT 2`
    })
    await expect(transaction).rejects.toMatchObject({ code: expect.stringMatching(/^CONNECTION_/) })
    await database.close()
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startEmbeddedPostgres } from '@waybill/embedded'
import type { EmbeddedPostgres } from '@waybill/embedded'
import { createTestDatabase, testServices } from '@waybill/testing'
import postgres from 'postgres'

let folder: string
let server: EmbeddedPostgres

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-testing-'))
  server = await startEmbeddedPostgres({ dataDir: folder, database: 'template', logger: () => {} })
  const sql = postgres(server.url, { max: 1 })
  await sql`CREATE TABLE migrated AS SELECT 1 AS answer`
  await sql.end()
})

afterAll(async () => {
  await server.stop('immediate')
  await rm(folder, { recursive: true, force: true })
})

it('clones the template, several at a time, and drops a clone that is still in use', async () => {
  const services = { postgresUrl: server.adminUrl, template: 'template' }
  const [one, two] = await Promise.all([createTestDatabase(services), createTestDatabase(services)])
  expect(one.name).not.toBe(two.name)
  const sql = postgres(one.url, { max: 1, onnotice: () => {} })
  expect(await sql`SELECT answer FROM migrated`).toEqual([{ answer: 1 }])

  await Promise.all([one.drop(), two.drop()])
  await expect(sql`SELECT answer FROM migrated`).rejects.toThrow()
  await sql.end({ timeout: 1 })
  await one.drop()
})

it('says how to run tests when there are no services', () => {
  expect(() => testServices({})).toThrow(/pnpm test/)
  const environment = { WAYBILL_TEST_POSTGRES: 'postgres://here', WAYBILL_TEST_TEMPLATE: 't' }
  expect(testServices(environment)).toEqual({ postgresUrl: 'postgres://here', template: 't' })
})

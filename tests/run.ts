/**
 * `pnpm test [jest arguments]`: starts what the tests need, runs jest, ends everything, prints the totals. Jest's results
 * are this run's own, and kept where WAYBILL_TEST_RESULTS names a file.
 */
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catchSignals } from './support/catch-signals.ts'
import { provideFolder } from './support/provide-folder.ts'
import { providePostgres } from './support/provide-postgres.ts'
import { provideRedis } from './support/provide-redis.ts'
import { provideTemplate } from './support/provide-template.ts'
import { readTotals } from './support/read-totals.ts'
import { exitCodeOf, runJest } from './support/run-jest.ts'
import { TestResources } from './support/test-resources.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const kept = process.env['WAYBILL_TEST_RESULTS']
const args = process.argv.slice(2).filter((arg, index) => index > 0 || arg !== '--')

const signals = catchSignals()
const resources = new TestResources()
let totals: string | undefined
try {
  const folder = await provideFolder(resources)
  const resultsFile = kept ? resolve(root, kept) : join(folder, 'results.json')
  await mkdir(dirname(resultsFile), { recursive: true })
  await rm(resultsFile, { force: true })
  const postgresUrl = await providePostgres(folder, resources)
  const template = await provideTemplate(postgresUrl, resources)
  const redisUrl = await provideRedis(resources)
  const environment = {
    WAYBILL_TEST_POSTGRES: postgresUrl,
    WAYBILL_TEST_TEMPLATE: template,
    REDIS_URL: redisUrl,
    // No test may take the server for its own database.
    DATABASE_URL: undefined,
  }
  process.exitCode =
    signals.received === undefined
      ? await runJest({ root, args, environment, resultsFile, signals })
      : exitCodeOf(signals.received)
  totals = await readTotals(resultsFile)
} catch (error) {
  console.error('tests: the services could not be started:', error)
  process.exitCode = 1
} finally {
  await resources.endAll()
}
if (totals !== undefined) console.log(totals)

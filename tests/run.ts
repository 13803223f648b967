/** `pnpm test [jest arguments]`: starts what the tests need, runs jest, ends everything, prints the totals. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
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
const resultsFile = join(root, '.waybill', 'test-results.json')
const args = process.argv.slice(2).filter((arg, index) => index > 0 || arg !== '--')

const signals = catchSignals()
const resources = new TestResources()
await mkdir(join(root, '.waybill'), { recursive: true })
await rm(resultsFile, { force: true })
try {
  const folder = await provideFolder(resources)
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
} catch (error) {
  console.error('tests: the services could not be started:', error)
  process.exitCode = 1
} finally {
  await resources.endAll()
}
const totals = await readTotals(resultsFile)
if (totals !== undefined) console.log(totals)

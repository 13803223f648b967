/** `pnpm faults [F17 …] [--all | --night] [--full] [--backend redis|postgres] [--seed n]`: breaks Waybill on purpose; see docs/faults.md. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { queueBackends } from '@waybill/testing'
import { catchSignals } from '../support/catch-signals.ts'
import { provideFolder } from '../support/provide-folder.ts'
import { providePostgres } from '../support/provide-postgres.ts'
import { provideRedis } from '../support/provide-redis.ts'
import { provideTemplate } from '../support/provide-template.ts'
import { TestResources } from '../support/test-resources.ts'
import { readFaultOptions, usage, type FaultOptions } from './options.ts'
import { findScenarios } from './support/find-scenarios.ts'
import { ledgersFolder } from './support/keep-ledgers.ts'
import { describeFault } from './support/magnitude.ts'
import { printTable, verdictOf, type Row } from './support/print-table.ts'
import { runScenario } from './support/run-scenario.ts'

function readOptionsOrExit(): FaultOptions {
  try {
    return readFaultOptions(process.argv.slice(2).filter((arg) => arg !== '--'))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(64)
  }
}

const options = readOptionsOrExit()
const seed = options.seed ?? Date.now() % 100_000
const runName = new Date().toISOString().replaceAll(/[:.]/g, '-')
const ledgers = join(ledgersFolder, runName)
const log = (text: string) => console.log(`  ${text}`)

const resources = new TestResources()
const signals = catchSignals()
let endScenario: () => Promise<void> = async () => {}
signals.onSignal((signal) => {
  console.error(`faults: ${signal}, ending everything`)
  void endScenario()
})

// Traffic that a broken scenario left behind must not keep its servers from being ended.
process.on('unhandledRejection', (error) => {
  console.error('faults: nobody waited for', error)
  process.exitCode = 1
})

async function provideServices(): Promise<void> {
  await mkdir(ledgers, { recursive: true })
  const folder = await provideFolder(resources)
  const postgresUrl = await providePostgres(folder, resources)
  process.env['WAYBILL_TEST_TEMPLATE'] = await provideTemplate(postgresUrl, resources)
  process.env['WAYBILL_TEST_POSTGRES'] = postgresUrl
  const redisUrl = await provideRedis(resources)
  if (redisUrl) process.env['REDIS_URL'] = redisUrl
  delete process.env['DATABASE_URL']
}

const rows: Row[] = []
console.log(`faults: seed ${seed}; ledgers of failing and of random runs stay in ${ledgers}`)
try {
  await provideServices()
  const backends = queueBackends()
    .map(({ name }) => name)
    .filter((name) => options.backend === undefined || options.backend === name)
  for (const scenario of await findScenarios(options)) {
    const what = describeFault(scenario, options)
    for (const backend of backends.filter((name) => scenario.backends.includes(name))) {
      if (signals.received !== undefined) break
      console.log(`▶ ${scenario.id} on ${backend}: ${what}`)
      const startedAt = performance.now()
      const finding = await runScenario(scenario, {
        backend,
        seed,
        ledgers,
        log,
        full: options.full,
        backlog: options.backlog,
        night: options.night,
        onStarted: (cleanUp) => (endScenario = cleanUp),
      })
      const row: Row = { scenario, what, backend, finding, seconds: (performance.now() - startedAt) / 1_000 }
      rows.push(row)
      for (const note of finding.notes) log(note)
      for (const failure of finding.failures) log(`✘ ${failure}`)
      log(`${verdictOf(row)} after ${row.seconds.toFixed(1)} s`)
    }
  }
} catch (error) {
  console.error('faults: broke off:', error)
  process.exitCode = 1
} finally {
  await resources.endAll()
}
console.log(printTable(rows, seed))
const bad =
  rows.length === 0 || signals.received !== undefined || rows.some((row) => verdictOf(row) === 'FAILED')
// Whatever a scenario left open must not keep the process.
process.exit(bad ? 1 : (process.exitCode ?? 0))

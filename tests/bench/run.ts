/** `pnpm bench <scenario> [flags]`: measures, prints a table, writes JSON under bench-results/, leaves nothing running. */
import { fileURLToPath } from 'node:url'
import { catchSignals } from '../support/catch-signals.ts'
import { provideFolder } from '../support/provide-folder.ts'
import { exitCodeOf } from '../support/run-jest.ts'
import { TestResources } from '../support/test-resources.ts'
import { readOptions, usage } from './options.ts'
import type { BenchOptions } from './options.ts'
import { p13 } from './scenarios/p13.ts'
import { p2 } from './scenarios/p2.ts'
import { p5 } from './scenarios/p5.ts'
import { p6 } from './scenarios/p6.ts'
import { p14 } from './scenarios/p14.ts'
import { overload } from './scenarios/overload.ts'
import { soak } from './scenarios/soak.ts'
import type { Bench, Scenario } from './support/bench.ts'

const scenarios: Readonly<Record<string, Scenario>> = { p2, p5, p6, p13, p14, overload, soak }

async function main(): Promise<number> {
  const [name = '', ...flags] = process.argv.slice(2).filter((arg) => arg !== '--')
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined
  if (scenario === undefined) {
    console.error(usage(Object.keys(scenarios)))
    return 2
  }
  let options: BenchOptions
  try {
    options = readOptions(flags)
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n${usage(Object.keys(scenarios))}`)
    return 2
  }
  return run(scenario, options)
}

async function run(scenario: Scenario, options: BenchOptions): Promise<number> {
  const signals = catchSignals()
  const resources = new TestResources()
  const interrupted = new Promise<number>((resolve) => {
    signals.onSignal((signal) => resolve(exitCodeOf(signal)))
  })
  try {
    const folder = await provideFolder(resources)
    const bench: Bench = {
      root: fileURLToPath(new URL('../..', import.meta.url)),
      folder,
      options,
      resources,
    }
    const measured = scenario(bench).then((problems) => (problems.length === 0 ? 0 : 1))
    return await Promise.race([measured, interrupted])
  } catch (error) {
    console.error('bench:', error)
    return 1
  } finally {
    await resources.endAll()
  }
}

const code = await main()
// Not by itself: what a signal interrupted may still be at work, and whatever it starts now ends with this process.
process.exit(code)

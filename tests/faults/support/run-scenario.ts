import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase, queueBackends, startRedis } from '@waybill/testing'
import { startFaultProxy } from './fault-proxy.ts'
import { startFaultStack, type FaultStack } from './fault-stack.ts'
import type { Finding } from './judge.ts'
import { keepLedgers } from './keep-ledgers.ts'
import { startPrivatePostgres } from './private-postgres.ts'
import { magnitudeOf, type Given } from './magnitude.ts'
import type { Backend, FaultContext, Scenario } from './scenario.ts'
import { seededRandom } from './seeded-random.ts'

export type RunOptions = Given & {
  backend: Backend
  seed: number
  /** Holds one folder of ledgers a run; only those of runs that failed or left something to chance stay. */
  ledgers: string
  log: (text: string) => void
  /** Told what ends everything the scenario started, for Ctrl-C. */
  onStarted?: (cleanUp: () => Promise<void>) => void
}

/** Runs one scenario on one backend. Never throws: what went wrong is in the finding. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Finding> {
  const { backend, seed, log } = options
  const folder = join(options.ledgers, `${scenario.id}-${backend}-${seed}`)
  await mkdir(folder, { recursive: true })
  const steps: (() => Promise<unknown>)[] = []
  const stacks: FaultStack[] = []
  const cleanUp = async () => {
    for (const step of steps.splice(0).reverse())
      await step().catch((error: unknown) => log(`clean-up failed: ${String(error)}`))
  }
  options.onStarted?.(cleanUp)
  const chance = { taken: false }
  let finding: Finding
  try {
    finding = await scenario.run(contextFor(scenario, options, { folder, steps, stacks, chance }))
  } catch (error) {
    finding = failed(error)
  }
  const kept = finding.failures.length > 0 || chance.taken
  if (kept) await keepLedgers(folder, stacks, log)
  await cleanUp()
  if (kept) log(`seed ${seed}: ledgers and logs are kept in ${folder}`)
  else await rm(folder, { recursive: true, force: true })
  return finding
}

/** What a run leaves behind; `chance`: whether a random number decided anything in it. */
type Traces = {
  folder: string
  steps: (() => Promise<unknown>)[]
  stacks: FaultStack[]
  chance: { taken: boolean }
}

function contextFor(
  scenario: Scenario,
  options: RunOptions,
  { folder, steps, stacks, chance }: Traces,
): FaultContext {
  const { backend, seed, log, night, full = false } = options
  const next = seededRandom(seed)
  const after = <T>(made: T, end: (made: T) => Promise<unknown>): T => (steps.push(() => end(made)), made)
  return {
    backend,
    seed,
    random: () => {
      chance.taken = true
      return next()
    },
    folder,
    night,
    full,
    magnitude: magnitudeOf(scenario, options),
    log,
    cleanUp: (step) => void steps.push(step),
    database: async () => after(await createTestDatabase(), (made) => made.drop()).url,
    privatePostgres: async (settings, inFolder) =>
      after(await startPrivatePostgres(settings, inFolder), (made) => made.end()),
    privateRedis: async (settings) => after(await startRedis(settings), (made) => made.stop()),
    proxy: async () => after(await startFaultProxy(), (made) => made.close()),
    queue: (databaseUrl, redisUrl) => {
      if (backend === 'redis' && redisUrl) return { backend, redisUrl, prefix: '{waybill}' }
      const found = queueBackends().find(({ name }) => name === backend)
      if (!found) throw new Error(`there is no ${backend} to run on`)
      return found.config(databaseUrl)
    },
    stack: async (settings) => {
      const made = await startFaultStack({ ...settings, folder, seed })
      stacks.push(made)
      return after(made, (one) => one.stop())
    },
  }
}

const failed = (error: unknown): Finding => ({
  accepted: 0,
  delivered: 0,
  lost: 0,
  duplicates: 0,
  bound: 0,
  recoverySeconds: 0,
  failures: [
    `the scenario broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  ],
  notes: [],
})

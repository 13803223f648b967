import type { TestResources } from '../../support/test-resources.ts'
import type { BenchOptions } from '../options.ts'

/** What every scenario is given. */
export type Bench = {
  /** The repository. */
  root: string
  /** Private to this run, removed at its end. */
  folder: string
  options: BenchOptions
  resources: TestResources
}

/** Resolves with what was lost, duplicated or refused, in words; nothing of it is a good run. */
export type Scenario = (bench: Bench) => Promise<string[]>

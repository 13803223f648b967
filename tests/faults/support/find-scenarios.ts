import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FaultOptions } from '../options.ts'
import { shortScenarios } from './short-scenarios.ts'
import type { Scenario } from './scenario.ts'

const folder = join(import.meta.dirname, '../scenarios')

/** Every file of the folder is one scenario, in the order of their numbers. */
export async function allScenarios(): Promise<Scenario[]> {
  const files = (await readdir(folder)).filter((file) => /^f\d\d-.*\.ts$/.test(file)).toSorted()
  const scenarios: Scenario[] = []
  // One after the other: what they share is loaded once, whoever loads them.
  for (const file of files)
    scenarios.push(((await import(join(folder, file))) as { scenario: Scenario }).scenario)
  return scenarios
}

/** Those that were asked for; without an id the short form. Throws for an id nobody has. */
export async function findScenarios({ ids, all, night }: FaultOptions): Promise<Scenario[]> {
  if (!all && !night && ids.length === 0) return shortScenarios()
  const known = await allScenarios()
  if (all) return known
  const wanted = night && ids.length === 0 ? ['F14'] : ids
  const unknown = wanted.find((id) => !known.some((scenario) => scenario.id === id))
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}`)
  return known.filter(({ id }) => wanted.includes(id))
}

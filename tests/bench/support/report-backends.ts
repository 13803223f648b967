import { backendsOf, type Backend } from './backends-of.ts'
import type { Bench } from './bench.ts'
import { writeResults } from './write-results.ts'

/** What a scenario found on one backend: `problems` in words, `results` for the file, `text` for who looks on. */
export type Report = { problems: string[]; results: unknown; text: string }

/** Measures on each backend there is, prints and writes what was found, and resolves with all problems. */
export async function reportBackends(
  bench: Bench,
  scenario: string,
  measure: (backend: Backend) => Promise<Report>,
): Promise<string[]> {
  const all: string[] = []
  const byBackend: Record<string, unknown> = {}
  for (const backend of backendsOf(bench)) {
    const { problems, results, text } = await measure(backend)
    all.push(...problems)
    byBackend[backend] = results
    console.log(`\n${text}\n`)
  }
  console.log(await writeResults(bench, scenario, { results: byBackend, problems: all }))
  for (const problem of all) console.error(`bench: LOST, DUPLICATED OR REFUSED: ${problem}`)
  if (all.length === 0) console.log('Nothing was lost or duplicated.')
  return all
}

import { readFile } from 'node:fs/promises'

/** The fields we read of what `jest --json` writes: https://jestjs.io/docs/configuration#testresultsprocessor-string */
type JestResults = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  numRuntimeErrorTestSuites: number
}

/** `N passed, N failed[, N skipped]`, or `undefined` when jest wrote no results. */
export async function readTotals(resultsFile: string): Promise<string | undefined> {
  const text = await readFile(resultsFile, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const results = JSON.parse(text) as JestResults
  // A file that cannot even be loaded has no failed tests, yet it failed.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
  const skipped = results.numPendingTests + results.numTodoTests
  return `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

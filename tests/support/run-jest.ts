import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { guardChild, killGroup } from '@waybill/testing'
import type { SignalCatcher } from './catch-signals.ts'

const nodeFlags = [
  '--experimental-vm-modules',
  '--conditions=source',
  '--disable-warning=ExperimentalWarning',
]
/** How long jest may take to end after a signal. */
const graceMs = 10_000

export type JestRun = {
  root: string
  args: string[]
  /** Added to, or with `undefined` removed from, ours. */
  environment: Record<string, string | undefined>
  resultsFile: string
  signals: SignalCatcher
}

/**
 * Runs jest and resolves with its exit code. Its group is its own, so that its workers get the signals we pass on, and
 * end with it: by themselves they would first finish their test.
 */
export function runJest({ root, args, environment, resultsFile, signals }: JestRun): Promise<number> {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js')
  // Jest's default is the temporary folder, and ours does not outlive the run.
  const cache = join(root, 'node_modules', '.cache', 'jest')
  const ours = [`--cacheDirectory=${cache}`, '--json', `--outputFile=${resultsFile}`]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeFlags, jest, ...ours, ...args], {
      cwd: root,
      stdio: 'inherit',
      detached: true,
      env: { ...process.env, ...environment },
    })
    guardChild(child)
    let lastResort: NodeJS.Timeout | undefined
    signals.onSignal((signal) => {
      killGroup(child.pid, signal)
      lastResort ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(lastResort)
      killGroup(child.pid, 'SIGKILL')
      resolve(code ?? exitCodeOf(signal ?? 'SIGKILL'))
    })
  })
}

/** What a shell reports for a process that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

import { spawn } from 'node:child_process'
import { collectLines } from './collect-lines.ts'
import type { CollectedLines, ProcessExit } from './collect-lines.ts'
import { guardChild } from './guard-child.ts'
import { killGroup } from './kill-group.ts'

export type TestProcess = CollectedLines & {
  pid: number
  /** Signals this process alone; `toGroup` also what it started, as Ctrl-C in a terminal does. */
  kill(signal: NodeJS.Signals, options?: { toGroup?: boolean }): void
  exited: Promise<ProcessExit>
  /** SIGTERM, then SIGKILL for the group after `timeoutMs` (15 s). */
  stop(timeoutMs?: number): Promise<ProcessExit>
}

export type StartProcessOptions = {
  /** Path of the module to run. TypeScript needs a `cwd` in this repository, where node finds tsx. */
  program: string
  args?: string[]
  /** The whole environment, apart from PATH, HOME and TMPDIR: nothing else of the test's own leaks in. */
  env?: Record<string, string>
  cwd?: string
  /** Flags of node; by default those that run TypeScript sources. */
  nodeArgs?: string[]
}

const sourceFlags = ['--conditions=source', '--import', 'tsx']

/** Runs a node program in a process group of its own. It ends with the tests at the latest. */
export function startProcess(options: StartProcessOptions): TestProcess {
  const { program, args = [], env = {}, nodeArgs = sourceFlags } = options
  const child = spawn(process.execPath, [...nodeArgs, program, ...args], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...inherited(), ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  guardChild(child)
  const exited = new Promise<ProcessExit>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      // `close` comes when the last lines have been read, but not while a grandchild holds our pipes.
      const finish = () => resolve({ code, signal })
      child.once('close', finish)
      setTimeout(finish, 1_000).unref()
    })
  })
  exited.catch(() => {})
  const output = collectLines(child, exited)
  const pid = child.pid ?? 0
  return {
    pid,
    ...output,
    exited,
    kill: (signal, { toGroup = false } = {}) => {
      if (toGroup) killGroup(pid, signal)
      else child.kill(signal)
    },
    stop: async (timeoutMs = 15_000) => {
      child.kill('SIGTERM')
      const lastResort = setTimeout(() => killGroup(pid, 'SIGKILL'), timeoutMs)
      return exited.finally(() => clearTimeout(lastResort))
    },
  }
}

function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'TMPDIR']
  return Object.fromEntries(
    names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined),
  )
}

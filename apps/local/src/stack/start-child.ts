import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { followLog } from './follow-log.ts'

export type ChildOptions = {
  name: string
  /** The compiled module to run. */
  program: string
  env: NodeJS.ProcessEnv
  logFile: string
  onLine: (line: string) => void
}

export type Child = {
  name: string
  pid: number
  /** How it ended, in words, once its last lines were read. */
  exited: Promise<string>
  /** The newest lines of its log. */
  lastLines(): readonly string[]
  /** SIGTERM, then SIGKILL for its group after `graceMs`, or 2 s after `hurried`. Resolves when it is gone. */
  stop(graceMs: number, hurried: AbortSignal): Promise<void>
}

const guard = fileURLToPath(new URL('exit-with-parent.js', import.meta.url))
const keptLines = 15
const hurriedGraceMs = 2_000

/**
 * Runs a node program in a session of its own, so that Ctrl-C does not reach it. It writes to a file rather than to a
 * pipe of ours: it can then still tell why it ends when we were killed.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, program, env, logFile } = options
  await rename(logFile, `${logFile}.1`).catch(() => {})
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', guard, program], {
    env,
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  child.stdin?.on('error', () => {})

  const recent: string[] = []
  const follower = followLog(logFile, (line) => {
    recent.push(line)
    if (recent.length > keptLines) recent.shift()
    options.onLine(line)
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`),
    )
  })
  const exited = ended.then(async (how) => {
    await follower.stop()
    return how
  })
  return {
    name,
    pid: child.pid ?? 0,
    exited,
    lastLines: () => recent,
    stop: async (graceMs, hurried) => {
      child.kill('SIGTERM')
      const patience = AbortSignal.any([timeoutSignal(graceMs), after(hurried, hurriedGraceMs)])
      const impatient = new Promise((resolve) => patience.addEventListener('abort', resolve, { once: true }))
      const gone = await Promise.race([exited.then(() => true), impatient.then(() => false)])
      if (!gone) killGroup(child.pid)
      await exited
    },
  }
}

const timeoutSignal = (ms: number) => AbortSignal.timeout(ms)

/** Aborted `ms` after the other one. */
function after(signal: AbortSignal, ms: number): AbortSignal {
  const controller = new AbortController()
  const start = () => void delay(ms, undefined, { ref: false }).then(() => controller.abort())
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return controller.signal
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself just now.
  }
}

import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { killGroup } from './kill-group.ts'

/**
 * Runs a shell script with `args` once this process has ended, however it did: a shell waits for the other end of its
 * pipe to vanish. Exit handlers would not do: test workers do not run them, and nobody does after a SIGKILL.
 */
export function runAfterDeath(script: string, args: string[]): { cancel(): void } {
  const guard = spawn('/bin/sh', ['-c', `cat >/dev/null; ${script}`, 'sh', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => {})
  guard.unref()
  const pipe = guard.stdin as Socket
  pipe.on('error', () => {})
  pipe.unref()
  // The whole group: without its shell alone, `cat` would stay.
  return { cancel: () => killGroup(guard.pid, 'SIGKILL') }
}

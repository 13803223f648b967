import { spawn } from 'node:child_process'
import type { ServerAccount } from './server-account.ts'

export type CommandResult = { ok: boolean; code: number | null; output: string }

/** System folders hold `useradd` and friends; a root shell from cron or su does not always list them. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Runs one command as `account` in a session of its own, so that Ctrl-C in the terminal cannot cut it in half.
 * Never throws: a command that cannot be started is `{ ok: false }` with the reason as output.
 */
export function runCommand(file: string, args: string[], account: ServerAccount): Promise<CommandResult> {
  return new Promise((resolve) => {
    const failed = (error: unknown) => resolve({ ok: false, code: null, output: String(error) })
    try {
      const child = spawn(file, args, {
        ...account.ids,
        cwd: '/',
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: commandEnvironment(),
      })
      let output = ''
      const collect = (chunk: Buffer) => (output += chunk.toString())
      child.stdout.on('data', collect)
      child.stderr.on('data', collect)
      child.once('error', failed)
      child.once('close', (code) => resolve({ ok: code === 0, code, output: output.trim() }))
    } catch (error) {
      // spawn throws instead of emitting when the kernel refuses the user id (EPERM, EINVAL).
      failed(error)
    }
  })
}

/** A clean one: PGDATA, PGPORT or PGOPTIONS of the person's shell would steer initdb and the server. */
function commandEnvironment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env['PATH'] ?? ''}:${systemPath}`, LC_ALL: 'C', TZ: 'UTC' }
}

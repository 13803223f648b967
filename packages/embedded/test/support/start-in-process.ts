import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type StartedElsewhere = { url: string; pid: number; uid: number; version: string }

const program = fileURLToPath(new URL('start-and-report.ts', import.meta.url))
const repository = fileURLToPath(new URL('../../../..', import.meta.url))

/**
 * Starts the server from a process of its own, as another user if asked, and resolves once that process is gone:
 * `then` says whether it stops the server first or is killed without a chance to.
 */
export function startInProcess(
  dataDir: string,
  then: 'stop' | 'be-killed',
  user: { uid?: number; gid?: number } = {},
): Promise<StartedElsewhere> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', program, dataDir, then],
      { ...user, cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let [output, complaint] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (then === 'be-killed' && output.endsWith('\n')) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (output.endsWith('\n')) resolve(JSON.parse(output) as StartedElsewhere)
      else reject(new Error(`exit code ${code}: ${complaint}`))
    })
  })
}

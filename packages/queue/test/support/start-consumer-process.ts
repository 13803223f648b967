import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { QueueConfig } from '../../src/queue-config.ts'
import { eventually } from './eventually.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const main = fileURLToPath(new URL('./consumer-main.ts', import.meta.url))

/** Consumers in a process of their own, where an error that nobody catches shows as an exit. */
export const startConsumerProcess = async (config: QueueConfig) => {
  const args = ['--conditions=source', '--import', 'tsx', main, JSON.stringify(config)]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const alive = () => child.exitCode === null && child.signalCode === null
  await eventually('the process starts', () => output.includes('started\n') || !alive())
  return {
    alive,
    output: () => output,
    took: (job: string) => output.split('\n').includes(job),
    /** The exit code of an orderly end. */
    stop: async () => {
      if (!alive()) return child.exitCode
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      return child.exitCode
    },
  }
}

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A Redis of the test's own, to be killed and started again at the same address. */
export type RedisServer = { url: string; start(): Promise<void>; kill(): Promise<void> }

export const createRedisServer = async (settings: string[] = []): Promise<RedisServer> => {
  const port = await freePort()
  let child: ChildProcess | undefined
  return {
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      const options = ['--port', String(port), '--save', '', '--appendonly', 'no', ...settings]
      child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
      await readyLine(child)
    },
    kill: async () => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

const readyLine = async (child: ChildProcess): Promise<void> => {
  let log = ''
  for await (const chunk of child.stdout ?? []) {
    log += String(chunk)
    if (log.includes('Ready to accept connections')) break
  }
  if (!log.includes('Ready to accept connections')) throw new Error(`redis-server did not start: ${log}`)
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

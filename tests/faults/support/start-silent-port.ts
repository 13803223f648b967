import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { FaultContext } from './scenario.ts'

/** Listens, and from then on takes no connection, because it does nothing any more. */
const listener = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })`

/** More than such a listener's queue holds. */
const fillers = 8

/** A port whose queue of connections is full: a SYN gets no answer, as behind a firewall. */
export async function startSilentPort(context: FaultContext): Promise<number> {
  const worker = new Worker(listener, { eval: true })
  const [port] = (await once(worker, 'message')) as [number]
  const sockets = Array.from({ length: fillers }, () =>
    connect(port, '127.0.0.1').on('error', () => undefined),
  )
  context.cleanUp(async () => {
    for (const socket of sockets) socket.destroy()
    await worker.terminate()
  })
  return port
}

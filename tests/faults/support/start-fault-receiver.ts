import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startProcess, type TestProcess } from '@waybill/testing'
import type { ReceivedLine, ReceiverProgram } from './receiver-types.ts'

const root = join(import.meta.dirname, '../../..')

export type FaultReceiver = {
  url: string
  port: number
  process: TestProcess
  program(program: ReceiverProgram): Promise<void>
  /** How many requests have come. */
  count(): Promise<number>
  /** Ledger R. */
  lines(): Promise<ReceivedLine[]>
  /** Resolves once nothing has come for a while: what a dead sender left in the sockets is read by then. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Starts the receiver and waits until it listens. */
export async function startFaultReceiver(options: {
  ledger: string
  secret: string
  seed: number
  port?: number
}): Promise<FaultReceiver> {
  const child = startProcess({
    program: join(import.meta.dirname, 'receiver-main.ts'),
    cwd: root,
    env: {
      RECEIVER_LEDGER: options.ledger,
      RECEIVER_SECRET: options.secret,
      RECEIVER_SEED: String(options.seed),
      RECEIVER_PORT: String(options.port ?? 0),
    },
  })
  const { text } = await child.waitForLine((line) => line.text.startsWith('listening '), 60_000)
  const port = Number(text.split(' ')[1])
  const url = `http://127.0.0.1:${port}`
  const count = async () => ((await (await fetch(`${url}/_control`)).json()) as { requests: number }).requests
  return {
    url,
    port,
    process: child,
    program: async (program) => {
      await fetch(`${url}/_control`, { method: 'PUT', body: JSON.stringify(program) })
    },
    count,
    lines: async () => readLines<ReceivedLine>(options.ledger),
    settled: async () => {
      for (let before = -1, now = await count(); before !== now; now = await count()) {
        before = now
        await pause(200)
      }
    },
    stop: async () => {
      await child.stop()
    },
  }
}

/** Every whole line; a file that is not there yet has none. As one text a ledger of a million lines would be too long for V8. */
export async function readLines<T>(path: string): Promise<T[]> {
  const file = await open(path).catch(() => undefined)
  const found: T[] = []
  for await (const line of file?.readLines() ?? []) if (line !== '') found.push(JSON.parse(line) as T)
  return found
}

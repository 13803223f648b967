import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { guardChild, killGroup } from '@waybill/testing'
import type { Bench } from './bench.ts'

/** A process of ours that answers commands; see serve-commands.ts for its side. */
export type BenchProcess = {
  pid: number
  /** Rejects with what the command threw, or when the process ends first. */
  ask<Answer>(command: string, argument?: unknown): Promise<Answer>
}

export type Reply = { id: number; value?: unknown; error?: string }

type Waiting = { resolve: (value: never) => void; reject: (error: Error) => void }

/** Starts a module of tests/bench in a process group of its own, which ends with the run at the latest. */
export function startBenchProcess(
  { root, resources }: Pick<Bench, 'root' | 'resources'>,
  program: string,
  env: Record<string, string> = {},
): BenchProcess {
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', path], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', ...env },
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  guardChild(child)
  const waiting = new Map<number, Waiting>()
  let asked = 0
  const fail = (why: string) => {
    for (const { reject } of waiting.values()) reject(new Error(`${program} ${why}`))
    waiting.clear()
  }
  child.on('message', (message) => {
    const { id, value, error } = message as Reply
    const asker = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asker?.resolve(value as never)
    else asker?.reject(new Error(`${program}: ${error}`))
  })
  child.on('error', (error) => fail(`could not be started: ${error.message}`))
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      fail(`ended (${signal ?? `code ${code}`})`)
      resolve()
    })
  })
  resources.add(program, async () => {
    killGroup(child.pid, 'SIGTERM')
    const lastResort = setTimeout(() => killGroup(child.pid, 'SIGKILL'), 5_000)
    await exited.finally(() => clearTimeout(lastResort))
  })
  return {
    pid: child.pid ?? 0,
    ask: (command, argument) =>
      new Promise((resolve, reject) => {
        const id = (asked += 1)
        waiting.set(id, { resolve, reject })
        child.send({ id, command, argument }, (error) => error && reject(error))
      }),
  }
}

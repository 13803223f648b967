import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FaultPointName } from '@waybill/fault-points'
import { freePort } from '@waybill/embedded'
import { eventually, startProcess, type TestProcess } from '@waybill/testing'

const root = join(import.meta.dirname, '../../..')
const skew = join(import.meta.dirname, 'skew.mjs')

export type App = 'api' | 'worker'

export type FleetProcess = TestProcess & {
  app: App
  /** Of the api: where it serves; of the worker: its probes and metrics. */
  url: string
  metricsUrl: string
  /** False from its end on. */
  running(): boolean
  /** From the next pass on the process ends at this point; undefined disarms it. */
  arm(point: FaultPointName | `${FaultPointName}:${string}` | undefined): Promise<void>
}

export type LaunchOptions = {
  env?: Record<string, string>
  /** Runs with a wall clock that is wrong: SKEW_MS, SKEW_AFTER_MS. */
  skewed?: boolean
  /** Default true: resolves when the process is ready. */
  waitReady?: boolean
  port?: number
  /** Put in front of node, for example `prlimit`. */
  nodeArgs?: string[]
}

/** Leases and sweeps 25 times shorter than in production; each figure keeps its relation to the others. */
export const faultLeases = { HEARTBEAT_MS: '200', SELF_STOP_MS: '800', LEASE_MS: '2000', SWEEP_MS: '400' }

/** With which a worker ends whose lease was taken by others. */
const leaseLostCode = 70

export type Fleet = {
  processes: FleetProcess[]
  /** Those that could not record what they had done: killed, or without their lease. Whoever ends by itself otherwise can. */
  deaths(): { app: App; atMs: number }[]
  launch(app: App, options?: LaunchOptions): Promise<FleetProcess>
  stopAll(): Promise<void>
}

/** Starts api and worker processes with fault points compiled in, and ends every one of them. */
export function createFleet(common: Record<App, () => Record<string, string>>, folder: string): Fleet {
  const processes: FleetProcess[] = []
  const deaths: { app: App; atMs: number }[] = []
  const launch = async (app: App, options: LaunchOptions = {}): Promise<FleetProcess> => {
    const port = options.port ?? (await freePort())
    const metricsPort = app === 'api' ? await freePort() : port
    const armFile = join(folder, `point-${processes.length}-${port}`)
    const ports =
      app === 'api'
        ? { PORT: String(port), METRICS_PORT: String(metricsPort) }
        : { METRICS_PORT: String(port) }
    const child = startProcess({
      program: join(root, `apps/${app}/src/main.ts`),
      cwd: root,
      nodeArgs: [
        '--conditions=fault-points',
        '--conditions=source',
        '--import',
        'tsx',
        ...(options.skewed ? ['--import', skew] : []),
        ...(options.nodeArgs ?? []),
      ],
      env: { ...common[app](), FAULT_POINT: `@${armFile}`, ...options.env, ...ports },
    })
    const state = { running: true }
    const ended = () => void (state.running = false)
    child.exited.then(({ code, signal }) => {
      ended()
      if (signal !== null || code === leaseLostCode) deaths.push({ app, atMs: Date.now() })
    }, ended)
    const started: FleetProcess = {
      ...child,
      app,
      url: `http://127.0.0.1:${port}`,
      metricsUrl: `http://127.0.0.1:${metricsPort}`,
      running: () => state.running,
      arm: (point) => writeFile(armFile, point ?? ''),
    }
    processes.push(started)
    if (options.waitReady !== false) await ready(started)
    return started
  }
  return {
    processes,
    deaths: () => [...deaths],
    launch,
    stopAll: async () => {
      await Promise.all(
        processes.filter((one) => one.running()).map((one) => (one.kill('SIGCONT'), one.stop(8_000))),
      )
    },
  }
}

/** Resolves when the process says it is ready; throws what it printed when it ends instead. */
export async function ready(process: FleetProcess, timeoutMs = 60_000): Promise<void> {
  const ended = process.exited.then(({ code, signal }) => {
    const said = process.lines.map((line) => line.text).join('\n')
    throw new Error(`the ${process.app} ended with ${code ?? signal}: ${said}`)
  })
  ended.catch(() => {})
  await Promise.race([
    ended,
    eventually(async () => (await fetch(`${process.url}/readyz`)).ok, { timeoutMs }),
  ])
}

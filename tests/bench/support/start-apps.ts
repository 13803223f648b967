import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '@waybill/embedded'
import { eventually, startProcess } from '@waybill/testing'
import type { TestProcess } from '@waybill/testing'
import type { Bench } from './bench.ts'

export type Apps = {
  api: TestProcess
  worker: TestProcess
  origin: string
  stop(): Promise<void>
  profiles: { app: 'api' | 'worker'; file: string }[]
}

type Services = {
  databaseUrl: string
  redisUrl: string | undefined
  masterKey: Buffer
  apiEnv?: Record<string, string>
}

/** Starts the compiled api and worker as production does, and waits until both are ready. */
export async function startApps(bench: Bench, backend: string, services: Services): Promise<Apps> {
  const [port, apiMetrics, workerMetrics] = [await freePort(), await freePort(), await freePort()]
  const api = await startApp(bench, 'api', backend, services, {
    LAME_DUCK_MS: '0',
    ...services.apiEnv,
    PORT: String(port),
    METRICS_PORT: String(apiMetrics),
  })
  const worker = await startApp(bench, 'worker', backend, services, { METRICS_PORT: String(workerMetrics) })
  await Promise.all([untilReady(api.process, port), untilReady(worker.process, workerMetrics)])
  return {
    api: api.process,
    worker: worker.process,
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      await api.process.stop()
      await worker.process.stop()
    },
    profiles: [api.profile, worker.profile],
  }
}

async function startApp(
  { root, options, resources }: Bench,
  app: 'api' | 'worker',
  backend: string,
  { databaseUrl, redisUrl, masterKey }: Services,
  env: Record<string, string>,
) {
  const program = join(root, 'apps', app, 'dist', 'main.js')
  await access(program).catch(() => {
    throw new Error(`${program} is missing: run \`pnpm build\` first`)
  })
  const folder = join(root, 'bench-results')
  await mkdir(folder, { recursive: true })
  const name = `${app}-${backend}.cpuprofile`
  const profiling = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`]
  const started = startProcess({
    program,
    cwd: root,
    nodeArgs: options.profile ? profiling : [],
    env: {
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      HOST: '127.0.0.1',
      DATABASE_URL: databaseUrl,
      WAYBILL_MASTER_KEY: masterKey.toString('base64'),
      EGRESS_ALLOW: 'loopback',
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
      ...env,
    },
  })
  resources.add(app, async () => {
    await started.stop()
    for (const { text } of started.lines) console.error(`${app} (${backend}): ${text}`)
  })
  return { process: started, profile: { app, file: join(folder, name) } }
}

async function untilReady(app: TestProcess, port: number): Promise<void> {
  const failed = app.exited.then(({ code }) => {
    const last = app.lines.slice(-5).map(({ text }) => text)
    throw new Error(`it ended with code ${code}: ${last.join('\n')}`)
  })
  const ready = eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
  await Promise.race([ready, failed])
}

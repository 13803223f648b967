import { join } from 'node:path'
import type { LocalConfig } from '../config.ts'
import { childEnvironment } from './child-environment.ts'
import { choosePort } from './choose-port.ts'
import type { Ending } from './create-ending.ts'
import type { Terminal } from './create-terminal.ts'
import { describeLogLine } from './describe-log-line.ts'
import { localFiles, repoRoot } from './local-folder.ts'
import { startChild, type Child } from './start-child.ts'
import type { StopSwitch } from './stop-switch.ts'

export type Processes = {
  api: Child
  worker: Child
  apiUrl: string
  metricsUrl: { api: string; worker: string }
}

type Setting = {
  config: LocalConfig
  databaseUrl: string
  masterKey: Buffer
  /** Where mails are shown instead of sent. */
  smtpUrl: string
  /** The file with the authority of the receiver's certificate. */
  trustedFile: string
  /** Multiplies every wait between two attempts. */
  scheduleScale: number
  takenPorts: Set<number>
}

type Deps = { terminal: Terminal; stop: StopSwitch; ending: Ending }

/** How long each may take to finish what it has in hand before it is killed; both give up by themselves earlier. */
const graceMs = { api: 30_000, worker: 40_000 } as const

const local = (port: number) => `http://127.0.0.1:${port}`

/** Starts worker and api; at the end the api goes first, so that nothing new comes in while the worker finishes. */
export async function startProcesses(deps: Deps, setting: Setting): Promise<Processes> {
  const { config, takenPorts } = setting
  const ports = {
    api: await choosePort(8080, takenPorts),
    apiMetrics: await choosePort(9464, takenPorts),
    workerMetrics: await choosePort(9465, takenPorts),
  }
  const common = {
    DATABASE_URL: setting.databaseUrl,
    WAYBILL_MASTER_KEY: setting.masterKey.toString('base64'),
    SMTP_URL: setting.smtpUrl,
  }
  const worker = await start(deps, 'worker', {
    ...childEnvironment(config, {
      ...common,
      METRICS_PORT: String(ports.workerMetrics),
      NODE_EXTRA_CA_CERTS: setting.trustedFile,
      SCHEDULE_SCALE: String(setting.scheduleScale),
    }),
  })
  const api = await start(deps, 'api', {
    ...childEnvironment(config, {
      ...common,
      PORT: String(ports.api),
      METRICS_PORT: String(ports.apiMetrics),
      // Most of the demo's subscribers are called without TLS.
      HTTPS_REQUIRED: 'false',
      // Nobody balances the load here, and Ctrl-C should not take long.
      LAME_DUCK_MS: '500',
    }),
  })
  const metricsUrl = {
    api: `${local(ports.apiMetrics)}/metrics`,
    worker: `${local(ports.workerMetrics)}/metrics`,
  }
  return { api, worker, apiUrl: local(ports.api), metricsUrl }
}

async function start(deps: Deps, name: 'api' | 'worker', env: NodeJS.ProcessEnv): Promise<Child> {
  const { terminal, stop, ending } = deps
  const child = await startChild({
    name,
    program: join(repoRoot, 'apps', name, 'dist', 'main.js'),
    env,
    logFile: localFiles.log(name),
    onLine: (line) => {
      const text = describeLogLine(name, line)
      if (text !== undefined) terminal.say(text)
    },
  })
  ending.later(name, async () => {
    terminal.say(`Stopping the ${name}`)
    await child.stop(graceMs[name], stop.hurried)
  })
  void child.exited.then((how) => {
    if (stop.stopping.aborted) return
    terminal.say(`The ${name} ${how}. The end of ${localFiles.log(name)}:`)
    for (const line of child.lastLines()) terminal.say(`  ${line}`)
    stop.stop({ why: `the ${name} ${how}`, code: 1 })
  })
  return child
}

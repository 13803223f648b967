import { createApiClient, createLocalHttp, type ApiClient } from './api/create-api-client.ts'
import type { LocalConfig } from './config.ts'
import { createArrivalLog, type ArrivalLog } from './demo/arrival-log.ts'
import { demoIntegration } from './demo/demo-subscribers.ts'
import { describeArrival } from './demo/describe-arrival.ts'
import { ensureSubscriptions } from './demo/ensure-subscriptions.ts'
import { loadDemo, type DemoData } from './demo/load-demo.ts'
import { runPlay } from './demo/run-play.ts'
import { startDemoReceiver, type DemoReceiver } from './demo/start-demo-receiver.ts'
import type { StartOptions } from './parse-arguments.ts'
import { printNextSteps } from './print-next-steps.ts'
import { choosePort } from './stack/choose-port.ts'
import type { Ending } from './stack/create-ending.ts'
import type { Terminal } from './stack/create-terminal.ts'
import { keepMasterKey } from './stack/keep-master-key.ts'
import { localFiles, makeLocalFolder } from './stack/local-folder.ts'
import { readLocalState, removeLocalState, writeLocalState } from './stack/local-state.ts'
import { migrate } from './stack/migrate.ts'
import { openPostgres, type LocalPostgres } from './stack/open-postgres.ts'
import { startProcesses, type Processes } from './stack/start-processes.ts'
import type { StopSwitch } from './stack/stop-switch.ts'
import { waitUntilReady } from './stack/wait-until-ready.ts'

export type StackDeps = { config: LocalConfig; terminal: Terminal; stop: StopSwitch; ending: Ending }

type Data = { postgres: LocalPostgres; queueBackend: 'postgres' | 'redis'; masterKey: Buffer; demo: DemoData }

/** In the demo a retry must come while somebody still watches. */
const demoScheduleScale = 0.1

/**
 * PostgreSQL → migrations → integration and token → receiver → worker and api → subscriptions → local.json → the play.
 * Every step leaves its own end in `ending`; throws at the next step once the stack is asked to stop.
 */
export async function runStack(deps: StackDeps, options: StartOptions): Promise<void> {
  const { say } = deps.terminal
  const signal = deps.stop.stopping
  const scheduleScale = deps.config.scheduleScale ?? (options.demo ? demoScheduleScale : 1)
  await claimFolder(deps.ending)
  const data = await openData(deps, options)
  signal.throwIfAborted()

  const takenPorts = new Set<number>()
  const log = createArrivalLog()
  const receiver = await openReceiver(deps, await choosePort(8081, takenPorts), !options.demo, log)
  receiver.useSecrets(await data.demo.readSecrets())
  const processes = await startProcesses(deps, {
    config: deps.config,
    databaseUrl: data.postgres.url,
    masterKey: data.masterKey,
    scheduleScale,
    takenPorts,
  })
  const api = await connect(processes, data.demo.token, signal)
  await ensureSubscriptions(api, data.demo.token, receiver.url)
  receiver.useSecrets(await data.demo.readSecrets())

  const state = describe(data, processes, receiver)
  await writeLocalState(state)
  say(`Ready: ${state.apiUrl}`)
  const { firstArrival } = log
  const newest = options.demo ? await runPlay({ api, firstArrival, say, signal }) : undefined
  say()
  for (const line of printNextSteps(state, newest, scheduleScale)) say(line)
}

/** One stack a folder: two would write the same files. */
async function claimFolder(ending: Ending): Promise<void> {
  await makeLocalFolder()
  const running = await readLocalState().catch(() => undefined)
  if (running) {
    throw new Error(
      `Waybill already runs here: ${running.apiUrl}, process ${running.pid}. Stop that one first.`,
    )
  }
  await removeLocalState()
  ending.later('.waybill/local.json', removeLocalState)
}

async function openData({ config, terminal, ending, stop }: StackDeps, options: StartOptions): Promise<Data> {
  const { say } = terminal
  const masterKey = config.secrets.masterKey ?? (await keepMasterKey(localFiles.masterKey))
  const postgres = await openPostgres(config.databaseUrl, options.reset, say)
  ending.later('PostgreSQL', async () => {
    if (postgres.pid !== undefined) say('Stopping PostgreSQL')
    await postgres.stop()
  })
  stop.stopping.throwIfAborted()
  const queueBackend = await migrate(postgres.url, config.redisUrl)
  const demo = await loadDemo(postgres.url, masterKey)
  ending.later('the connection to the database', demo.close)
  return { postgres, queueBackend, masterKey, demo }
}

async function openReceiver(
  { terminal, ending }: StackDeps,
  port: number,
  calm: boolean,
  log: ArrivalLog,
): Promise<DemoReceiver> {
  const receiver = await startDemoReceiver({
    port,
    calm,
    log,
    onArrival: (arrival) => terminal.say(describeArrival(arrival, terminal.colours)),
  })
  ending.later('the receiver', receiver.close)
  return receiver
}

async function connect(
  { apiUrl, metricsUrl }: Processes,
  token: string,
  signal: AbortSignal,
): Promise<ApiClient> {
  const http = createLocalHttp()
  await Promise.all([
    waitUntilReady(http, 'The api', apiUrl, signal),
    waitUntilReady(http, 'The worker', new URL(metricsUrl.worker).origin, signal),
  ])
  return createApiClient(http, apiUrl, token)
}

const describe = ({ postgres, queueBackend, demo }: Data, processes: Processes, receiver: DemoReceiver) => ({
  pid: process.pid,
  pids: { api: processes.api.pid, worker: processes.worker.pid, postgres: postgres.pid },
  apiUrl: processes.apiUrl,
  metricsUrl: processes.metricsUrl,
  receiverUrl: receiver.url,
  databaseUrl: postgres.url,
  queueBackend,
  token: demo.token,
  integrationId: demoIntegration.id,
})

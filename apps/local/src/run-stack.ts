import { createApiClient, createLocalHttp } from './api/create-api-client.ts'
import { createDialectClient } from './api/create-dialect-client.ts'
import type { LocalConfig } from './config.ts'
import { createArrivalLog } from './demo/arrival-log.ts'
import { demoPerson, ensurePerson } from './demo/demo-person.ts'
import { demoIntegration } from './demo/demo-subscribers.ts'
import { ensureSubscriptions, type SubscriptionClients } from './demo/ensure-subscriptions.ts'
import { loadDemo, type DemoData, type DemoToken } from './demo/load-demo.ts'
import { openReceiver } from './demo/open-receiver.ts'
import { runPlay } from './demo/run-play.ts'
import type { DemoReceiver } from './demo/start-demo-receiver.ts'
import type { StartOptions } from './parse-arguments.ts'
import { printNextSteps } from './print-next-steps.ts'
import { choosePort } from './stack/choose-port.ts'
import type { Ending } from './stack/create-ending.ts'
import type { Terminal } from './stack/create-terminal.ts'
import { keepMasterKey } from './stack/keep-master-key.ts'
import { localFiles, makeLocalFolder } from './stack/local-folder.ts'
import { readLocalState, removeLocalState, writeLocalState } from './stack/local-state.ts'
import { migrate } from './stack/migrate.ts'
import { startMailSink } from './stack/start-mail-sink.ts'
import { openPostgres, type LocalPostgres } from './stack/open-postgres.ts'
import { startProcesses, type Processes } from './stack/start-processes.ts'
import type { StopSwitch } from './stack/stop-switch.ts'
import { waitUntilReady } from './stack/wait-until-ready.ts'

export type StackDeps = { config: LocalConfig; terminal: Terminal; stop: StopSwitch; ending: Ending }

type Data = { postgres: LocalPostgres; queueBackend: 'postgres' | 'redis'; masterKey: Buffer; demo: DemoData }

/** In the demo a retry must come while somebody still watches. */
const demoScheduleScale = 0.1

/**
 * PostgreSQL → migrations → integration and token → receiver, mail sink → worker and api → subscriptions, person →
 * local.json → the play.
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
  const { readSecrets } = data.demo
  const receiver = await openReceiver(deps, { calm: !options.demo, log, readSecrets, takenPorts })
  const smtpUrl = await openMailSink(deps, await choosePort(1025, takenPorts))
  const processes = await startProcesses(deps, {
    config: deps.config,
    databaseUrl: data.postgres.url,
    masterKey: data.masterKey,
    smtpUrl,
    trustedFile: localFiles.trusted,
    scheduleScale,
    takenPorts,
  })
  const [clients, password] = await Promise.all([
    connect(processes, data.demo, signal),
    makePerson(deps, data, signal),
  ])
  const subscribers = await ensureSubscriptions(clients, receiver)

  const state = describe(data, processes, receiver)
  await writeLocalState(state)
  say(`Ready: ${state.apiUrl}`)
  const { api } = clients
  const newest = options.demo ? await runPlay({ api, log, subscribers, say, signal }) : undefined
  const parish = subscribers.find(({ profile }) => profile === 'planning-center')
  const eventSubscription = parish && (await clients.dialects.findEventSubscription(parish.url))
  const person = { email: demoPerson.email, password }
  say()
  for (const line of printNextSteps(state, { trigger: newest, eventSubscription, person, scheduleScale }))
    say(line)
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

/** Returns the URL of the server that shows mails instead of sending them. */
async function openMailSink({ terminal, ending }: StackDeps, port: number): Promise<string> {
  const sink = await startMailSink({ port, onMail: terminal.say })
  ending.later('the mail sink', sink.close)
  return sink.smtpUrl
}

const makePerson = ({ config }: StackDeps, { postgres, demo }: Data, signal: AbortSignal): Promise<string> =>
  ensurePerson({ config, databaseUrl: postgres.url, known: demo.knowsPerson, signal })

async function connect(
  { apiUrl, metricsUrl }: Processes,
  token: DemoToken,
  signal: AbortSignal,
): Promise<SubscriptionClients> {
  const http = createLocalHttp()
  await Promise.all([
    waitUntilReady(http, 'The api', apiUrl, signal),
    waitUntilReady(http, 'The worker', new URL(metricsUrl.worker).origin, signal),
  ])
  return {
    api: createApiClient(http, apiUrl, token.token),
    dialects: createDialectClient(http, apiUrl, token),
  }
}

const describe = ({ postgres, queueBackend, demo }: Data, processes: Processes, receiver: DemoReceiver) => ({
  pid: process.pid,
  pids: { api: processes.api.pid, worker: processes.worker.pid, postgres: postgres.pid },
  apiUrl: processes.apiUrl,
  metricsUrl: processes.metricsUrl,
  receiverUrl: receiver.url,
  receiverSecureUrl: receiver.secureUrl,
  databaseUrl: postgres.url,
  queueBackend,
  token: demo.token,
  tokenId: demo.tokenId,
  integrationId: demoIntegration.id,
})

/** `pnpm trace <trigger id> [--api URL --token T]`: prints what became of a trigger, by default of the local stack's. */
import { parseArgs } from 'node:util'
import { createApiClient, createLocalHttp } from './api/create-api-client.ts'
import { printTrace } from './print-trace.ts'
import { requireLocalState } from './stack/local-state.ts'

const usage = 'Usage: npx -y pnpm@12 trace <trigger id> [--api URL --token TOKEN]'

try {
  const { id, apiUrl, token } = await readTarget(process.argv.slice(2))
  const api = createApiClient(createLocalHttp(new URL(apiUrl).hostname), apiUrl, token)
  const [story, subscriptions] = await Promise.all([api.readTrigger(id), api.listSubscriptions()])
  const profiles = new Map(subscriptions.map((one) => [one.id, one.profile]))
  for (const line of printTrace(story, profiles, new Date())) console.log(line)
} catch (error) {
  console.error(`trace: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function readTarget(args: readonly string[]): Promise<{ id: string; apiUrl: string; token: string }> {
  const { values, positionals } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: { api: { type: 'string' }, token: { type: 'string' } },
    allowPositionals: true,
  })
  const [id] = positionals
  if (id === undefined || positionals.length > 1) throw new Error(usage)
  if (values.api !== undefined && values.token === undefined) throw new Error(`--api needs --token. ${usage}`)
  if (values.api !== undefined && values.token !== undefined)
    return { id, apiUrl: values.api.replace(/\/+$/, ''), token: values.token }
  const local = await requireLocalState()
  return { id, apiUrl: local.apiUrl, token: values.token ?? local.token }
}

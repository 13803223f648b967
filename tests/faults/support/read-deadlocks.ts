import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Settings of a server whose deadlocks can be read: it looks for them soon, and logs them as JSON. */
export const tellsDeadlocks: Record<string, string> = {
  deadlock_timeout: '300ms',
  logging_collector: 'on',
  log_destination: 'jsonlog',
  log_directory: 'log',
  log_filename: 'postgres.log',
}

/** Statements by what is particular to them. */
const kinds: [string, RegExp][] = [
  ['outcomes of lanes', /\btaken AS/],
  ['first outcomes', /\brecorded AS/],
  ['redelivery', /\bagain AS/],
  ['slice', /\bcandidate AS/],
  ['given up', /\bgiven AS/],
  ['release', /release_lane/],
  ['change of a subscription', /"(config|subscriptions|revisions)"/],
]

type LogLine = { application_name?: string; state_code?: string; statement?: string }

/** How many statements of Waybill's own the server ended for a deadlock, by what they did. */
export async function readDeadlocks(dataDir: string): Promise<Map<string, number>> {
  const folder = join(dataDir, 'data', 'log')
  const counts = new Map<string, number>()
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json'))) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n').filter(Boolean)) {
      const told = JSON.parse(line) as LogLine
      if (told.state_code !== '40P01' || told.application_name === 'waybill-adversary') continue
      const { statement = '' } = told
      const kind =
        kinds.find(([, pattern]) => pattern.test(statement))?.[0] ?? `other: ${statement.slice(0, 60)}`
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
  }
  return counts
}

import { Redis } from 'ioredis'
import type { FleetProcess } from '../fault-fleet.ts'
import { masterKey, secret, type FaultStack } from '../fault-stack.ts'
import type { Failures } from './failures.ts'

/** Where secrets are looked for. */
export type Searched = Pick<FaultStack, 'token' | 'canaries' | 'queue'> & {
  fleet: { processes: readonly Pick<FleetProcess, 'app' | 'lines' | 'running' | 'metricsUrl'>[] }
  database: Pick<FaultStack['database'], 'sql'>
}

/** C10 and I11: no secret is in a log, a metric, a row or the queue in clear text. */
export async function checkCanaries(stack: Searched): Promise<Failures> {
  const clear = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const canaries = [
    masterKey.toString('base64'),
    masterKey.toString('hex'),
    secret.slice('whsec_'.length),
    clear.toString('hex'),
    stack.token,
    ...stack.canaries,
  ]
  const found = (text: string) => canaries.some((canary) => text.includes(canary))
  const failures: Failures = []
  for (const { app, lines } of stack.fleet.processes)
    if (lines.some(({ text }) => found(text))) failures.push(`C10 a secret is in the log of the ${app}`)
  for (const one of stack.fleet.processes.filter((process) => process.running())) {
    const metrics = await fetch(`${one.metricsUrl}/metrics`).then((answer) => answer.text())
    if (found(metrics)) failures.push(`C10 a secret is in the metrics of the ${one.app}`)
  }
  for (const table of await tablesWith(stack, canaries))
    failures.push(`C10 a secret is in clear text in ${table}`)
  if (stack.queue.backend === 'redis' && (await redisHolds(stack.queue.redisUrl, found)))
    failures.push('C10 a secret is in Redis')
  return failures
}

async function tablesWith({ database: { sql } }: Searched, canaries: readonly string[]): Promise<string[]> {
  const tables = await sql<{ schema: string; name: string }[]>`
    SELECT schemaname AS schema, tablename AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
  const holding: string[] = []
  for (const { schema, name } of tables) {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM ${sql(schema)}.${sql(name)} AS t
      WHERE EXISTS (SELECT FROM unnest(${[...canaries]}::text[]) AS c WHERE strpos(t::text, c) > 0)`
    if (row && row.n > 0) holding.push(`${schema}.${name}`)
  }
  return holding
}

async function redisHolds(url: string, found: (text: string) => boolean): Promise<boolean> {
  const client = new Redis(url, { maxRetriesPerRequest: 1, lazyConnect: true })
  client.on('error', () => undefined)
  try {
    for (const key of await client.keys('*')) {
      if (found(key) || found(JSON.stringify(await readKey(client, key)))) return true
    }
    return false
  } finally {
    client.disconnect()
  }
}

async function readKey(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return client.hgetall(key)
    case 'list':
      return client.lrange(key, 0, -1)
    case 'set':
      return client.smembers(key)
    case 'zset':
      return client.zrange(key, '0', '-1')
    case 'stream':
      return client.xrange(key, '-', '+')
    default:
      return client.get(key)
  }
}

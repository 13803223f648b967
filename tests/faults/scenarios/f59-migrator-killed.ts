import { join } from 'node:path'
import { migrateDatabase } from '@waybill/db'
import { eventually, startProcess } from '@waybill/testing'
import postgres from 'postgres'
import { describeSchema } from '../support/describe-schema.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

const root = join(import.meta.dirname, '../../..')

/** How many migrations the database says it has; undefined: none has begun. */
async function applied(sql: postgres.Sql): Promise<number | undefined> {
  const [made] = await sql`SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS made`
  if (made?.['made'] !== true) return undefined
  const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations`
  return row?.n
}

export const scenario: Scenario = {
  id: 'F59',
  title: 'migrators killed midway, and two at once',
  backends: bothBackends,
  run: async (context) => {
    const server = await context.privatePostgres()
    const whole = new URL(server.url)
    const fresh = new URL(server.url)
    fresh.pathname = '/fresh'
    await server.asAdmin((sql) => sql`CREATE DATABASE fresh TEMPLATE template0`)
    const open = (url: URL) => {
      const sql = postgres(url.href, { max: 1, onnotice: () => {} })
      context.cleanUp(() => sql.end({ timeout: 1 }))
      return sql
    }
    const [sql, model] = [open(fresh), open(whole)]
    const all = (await applied(model)) ?? 0
    const migrator = () =>
      startProcess({
        program: join(root, 'apps/worker/src/commands/migrate.ts'),
        cwd: root,
        env: { DATABASE_URL: fresh.href },
      })
    /** Kills one as soon as it has got further than the one before; returns how far its session came. */
    const killMidway = async (before: number | undefined) => {
      const killed = migrator()
      await eventually(async () => (await applied(sql)) !== before, { timeoutMs: 60_000, everyMs: 1 })
      killed.kill('SIGKILL')
      await killed.exited
      await eventually(async () => {
        const rows = await sql`SELECT FROM pg_stat_activity WHERE application_name = 'waybill-migrate'`
        return rows.length === 0
      })
      return applied(sql)
    }
    const places: number[] = []
    for (let at = await killMidway(undefined); at !== undefined && at < all; at = await killMidway(at))
      places.push(at)
    const two = [migrator(), migrator()]
    const ends = await Promise.all(two.map(({ exited }) => exited))
    await migrateDatabase(fresh.href)
    const [wanted, found] = await Promise.all([whole, fresh].map(({ href }) => describeSchema(href)))
    const differing = [
      ...(wanted ?? []).filter((text) => !found?.includes(text)).map((text) => `without ${text}`),
      ...(found ?? []).filter((text) => !wanted?.includes(text)).map((text) => `with ${text}`),
    ]
    const stack = await usualStack(context, { databaseUrl: fresh.href, queue: context.queue(fresh.href) })
    await stack.client.post(30)
    const finding = await judge(stack)
    finding.notes.push(
      `killed when ${places.join(', ')} of ${all} migrations were done; ${wanted?.length} parts compared`,
    )
    mustHold(finding, places.length >= 2, `F59 only ${places.length} migrators were killed at work`)
    mustHold(finding, differing.length === 0, `F59 the schemas differ: ${differing.slice(0, 5).join('; ')}`)
    for (const [i, { code }] of ends.entries())
      mustHold(
        finding,
        code === 0,
        `F59 a migrator ended with ${code}: ${two[i]?.lines.map(({ text }) => text).join(' ')}`,
      )
    return finding
  },
}

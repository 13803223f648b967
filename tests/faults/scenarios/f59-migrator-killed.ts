import { join } from 'node:path'
import { migrateDatabase } from '@waybill/db'
import { startProcess } from '@waybill/testing'
import postgres from 'postgres'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

const root = join(import.meta.dirname, '../../..')

export const scenario: Scenario = {
  id: 'F59',
  title: 'migrators killed midway, and two at once',
  backends: bothBackends,
  run: async (context) => {
    const server = await context.privatePostgres()
    const fresh = new URL(server.url)
    fresh.pathname = '/fresh'
    await server.asAdmin((sql) => sql`CREATE DATABASE fresh TEMPLATE template0`)
    const migrator = () =>
      startProcess({
        program: join(root, 'apps/worker/src/commands/migrate.ts'),
        cwd: root,
        env: { DATABASE_URL: fresh.href },
      })
    for (const afterMs of [400, 600, 800, 1_000]) {
      const killed = migrator()
      await lasts(afterMs)
      killed.kill('SIGKILL')
      await killed.exited
    }
    const two = [migrator(), migrator()]
    const ends = await Promise.all(two.map(({ exited }) => exited))
    await migrateDatabase(fresh.href)
    const columns = async (url: string) => {
      const sql = postgres(url, { max: 1, onnotice: () => {} })
      const rows = await sql`SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name !~ '_p?[0-9]+$' ORDER BY 1, 2`
      await sql.end({ timeout: 1 })
      return JSON.stringify(rows)
    }
    const same = (await columns(fresh.href)) === (await columns(server.url))
    const stack = await usualStack(context, { databaseUrl: fresh.href, queue: context.queue(fresh.href) })
    await stack.client.post(30)
    const finding = await judge(stack)
    mustHold(finding, same, 'F59 the schemas differ')
    for (const [i, { code }] of ends.entries())
      mustHold(
        finding,
        code === 0,
        `F59 a migrator ended with ${code}: ${two[i]?.lines.map(({ text }) => text).join(' ')}`,
      )
    return finding
  },
}

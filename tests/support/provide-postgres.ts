import { join } from 'node:path'
import { startEmbeddedPostgres } from '@waybill/embedded'
import type { TestResources } from './test-resources.ts'

/** Not durable: what a test run loses with the machine, nobody misses. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_preload_libraries: 'pg_stat_statements',
}

/** A superuser's URL: DATABASE_URL, or a server of our own in `folder`. */
export async function providePostgres(folder: string, resources: TestResources): Promise<string> {
  const given = process.env['DATABASE_URL']
  if (given) return given

  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    logger: () => {},
    settings,
  })
  resources.add('PostgreSQL', () => server.stop('immediate'))
  console.log(`tests: PostgreSQL ${server.version} on port ${server.port}`)
  return server.adminUrl
}

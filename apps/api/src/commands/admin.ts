import { openDatabase, pgErrorCode } from '@waybill/db'
import { exitOnBadEnvironment, readEnv } from '@waybill/runtime'
import { z } from 'zod'
import { adminUsage, readAdminCommand, type AdminCommand } from './read-admin-command.ts'
import { runAdminCommand } from './run-admin-command.ts'

/** `EX_USAGE` of sysexits.h: the command was called wrongly. */
const exitUsage = 64

const schema = z.object({ DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }) })

const read = readAdminCommand(process.argv.slice(2))
if (read.ok) {
  process.exitCode = await run(read.command)
} else {
  process.stderr.write(`${read.problem}\n\n${adminUsage}\n`)
  process.exitCode = exitUsage
}

async function run(command: AdminCommand): Promise<number> {
  const env = exitOnBadEnvironment(() => readEnv(schema, process.env))
  const database = openDatabase({
    url: env.DATABASE_URL,
    applicationName: 'waybill-admin',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 10_000,
  })
  try {
    const { exitCode, out, note } = await runAdminCommand(database, command, process)
    if (out !== undefined) process.stdout.write(`${out}\n`)
    process.stderr.write(`${note}\n`)
    return exitCode
  } catch (error) {
    process.stderr.write(`Nothing was changed: ${reasonOf(error)}\n`)
    return 1
  } finally {
    await database.close()
  }
}

/** The statement's own text and parameters, which Drizzle puts first, stay out of it. */
function reasonOf(error: unknown): string {
  // undefined_table and invalid_schema_name
  if (['42P01', '3F000'].includes(pgErrorCode(error) ?? '')) return 'the database is not migrated.'
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name
}

/** `pnpm audit-ledger [--since 24h | --all] [--json]`: whether anything accepted is lost or stuck, what and why. */
import { setTimeout as pause } from 'node:timers/promises'
import { deriveMasterKeys, openDatabase, pgErrorCode } from '@waybill/db'
import { asDeliveryId, asSubscriptionId, asTriggerId, createPublicIds, type PublicIds } from '@waybill/domain'
import { base64Key, exitOnBadEnvironment, readEnv } from '@waybill/runtime'
import { z } from 'zod'
import { auditLedger } from '../audit/audit-ledger.ts'
import { auditAsJson, printAudit, type NameRow } from '../audit/print-audit.ts'
import { auditUsage, readAuditArguments, type AuditArguments } from '../audit/read-audit-arguments.ts'

/** `EX_USAGE` of sysexits.h: the command was called wrongly. */
const exitUsage = 64

const schema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  WAYBILL_MASTER_KEY: base64Key(32).optional(),
})

const read = readAuditArguments(process.argv.slice(2))
if (typeof read === 'string') {
  process.stderr.write(`${read}\n\n${auditUsage}\n`)
  process.exitCode = exitUsage
} else {
  process.exitCode = await run(read)
}

async function run({ sinceMs, json, waitMs }: AuditArguments): Promise<number> {
  const env = exitOnBadEnvironment(() => readEnv(schema, process.env))
  const key = env.WAYBILL_MASTER_KEY
  const name = nameWith(key && createPublicIds(deriveMasterKeys(key).publicIds))
  const database = openDatabase({
    url: env.DATABASE_URL,
    applicationName: 'waybill-audit',
    hotConnections: 1,
    otherConnections: 1,
    readConnections: 1,
    statementTimeoutMs: 60_000,
  })
  try {
    const deps = { sql: () => database.read, pause: (ms: number): Promise<void> => pause(ms) }
    const report = await auditLedger(deps, { sinceMs, rows: 20_000, secondLookMs: waitMs })
    process.stdout.write(`${json ? auditAsJson(report, name) : printAudit(report, name).join('\n')}\n`)
    return report.violations.length === 0 ? 0 : 1
  } catch (error) {
    process.stderr.write(`The ledger could not be read: ${reasonOf(error)}\n`)
    return 1
  } finally {
    await database.close()
  }
}

function nameWith(publicIds: PublicIds | undefined): NameRow {
  return (subject, id) => {
    switch (subject) {
      case 'delivery':
      case 'block':
        return named(subject === 'block' ? 'plan from delivery' : subject, id, () =>
          publicIds?.encode('delivery', asDeliveryId(id)),
        )
      case 'trigger':
        return named(subject, id, () => publicIds?.encode('trigger', asTriggerId(id)))
      case 'subscription':
        return named(subject, id, () => publicIds?.encode('subscription', asSubscriptionId(id)))
      case 'batch':
        return `batch ${id}`
      default:
        return subject satisfies never
    }
  }
}

function named(what: string, id: number, publicId: () => string | undefined): string {
  const uuid = publicId()
  return uuid === undefined ? `${what} ${id}` : `${what} ${uuid} (${id})`
}

function reasonOf(error: unknown): string {
  if (pgErrorCode(error) === '42P01') return 'the database is not migrated.'
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}

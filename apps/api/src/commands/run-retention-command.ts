import { readHistory, setRetention } from '@waybill/db'
import { done, type AdminAnswer, type AdminDatabase } from './admin-answer.ts'
import { printTable } from './print-table.ts'
import type { RetentionCommand } from './read-retention-command.ts'

const actor = 'operator'

/** Does what the operator asked for with retention. Workers look at it every hour. */
export async function runRetentionCommand(
  { sql }: AdminDatabase,
  command: RetentionCommand,
): Promise<AdminAnswer> {
  switch (command.kind) {
    case 'show-retention':
      return showHistory(sql)
    case 'set-retention':
      await setRetention(sql, actor, command.days)
      return done(`History is kept for ${command.days} days. Workers remove what is older within the hour.`)
    default:
      return command satisfies never
  }
}

async function showHistory(sql: AdminDatabase['sql']): Promise<AdminAnswer> {
  const { days, partitionDays, tables } = await readHistory(sql)
  const rows = tables.map(({ table, partitions, oldestDays, blocked }) => [
    table,
    String(partitions),
    String(oldestDays),
    blocked.join(',') || '-',
  ])
  return {
    exitCode: 0,
    out: printTable([['TABLE', 'PARTITIONS', 'OLDEST DAYS', 'BLOCKED'], ...rows]),
    note: `History is kept for ${days} days; new partitions hold ${partitionDays} days each.`,
  }
}

/** P2: one trigger, one subscription, end to end; on both queue backends, beside the plain loop. */
import type { Bench } from '../support/bench.ts'
import { measureLineup } from '../support/measure-lineup.ts'
import type { Measured } from '../support/measure-lineup.ts'
import { printProfiles } from '../support/print-profiles.ts'
import type { Profiled } from '../support/print-profiles.ts'
import { printTable } from '../support/print-table.ts'
import { probeFsync } from '../support/probe-fsync.ts'
import { startField, startLineup } from '../support/start-lineup.ts'
import type { Stack } from '../support/start-stack.ts'
import { spread } from '../support/statistics.ts'
import { writeResults } from '../support/write-results.ts'
import { p2Rows } from './p2-rows.ts'

export async function p2(bench: Bench): Promise<string[]> {
  const fsyncMs = await probeFsync(bench.folder)
  const field = await startField(bench)
  const lineup = await startLineup(bench, field.receiverUrl)
  const { measured, problems } = await measureLineup(bench, field, lineup)

  const columns = [...measured.values()]
  console.log(`\n${title(bench, fsyncMs)}\n`)
  console.log(printTable(p2Rows(columns.flatMap((column) => column.repeats)), columns))
  console.log(`\n${await writeResults(bench, 'p2', { fsyncMs, contenders: columns, problems })}`)
  if (bench.options.profile) {
    for (const stack of lineup.stacks) await stack.stopApps()
    await printProfiles(lineup.stacks.flatMap((stack) => profilesOf(stack, measured.get(stack))))
  }
  for (const problem of problems) console.error(`bench: LOST, DUPLICATED OR REFUSED: ${problem}`)
  if (problems.length === 0) console.log('Nothing was lost or duplicated.')
  return problems
}

function profilesOf(stack: Stack, measured: Measured | undefined): Profiled[] {
  return stack.profiles.map(({ app, file }) => {
    const cpu = measured?.repeats.map((figures) => figures[`cpu.${app}`] ?? Number.NaN) ?? []
    return {
      process: `${app}, ${stack.name}`,
      file,
      windows: measured?.windows ?? [],
      cpuMicroseconds: spread(cpu).median * 1_000,
    }
  })
}

function title({ options }: Bench, fsyncMs: number): string {
  const { body, count, repeats, warmUp, connections, inFlight, profile } = options
  return [
    `P2: 1 trigger → 1 delivery, ${body}, ${repeats} × ${count} after ${warmUp}; median (min–max)`,
    `closed loop: ${connections} connections that post again when answered; ${inFlight} deliveries in flight at most`,
    `a page reaches the disk in ${fsyncMs.toFixed(2)} ms`,
    ...(profile ? ['PROFILED: not comparable with other runs'] : []),
  ].join('\n')
}

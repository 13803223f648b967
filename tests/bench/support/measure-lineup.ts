import type { Bench } from './bench.ts'
import { checkPlain, checkStack } from './check-ledger.ts'
import type { Contender } from './contender.ts'
import type { Statement } from './counters.ts'
import { measureFigures } from './measure-figures.ts'
import type { Figures } from './measure-figures.ts'
import { runLoad } from './run-load.ts'
import type { Field, Window } from './run-load.ts'
import type { Lineup } from './start-lineup.ts'

export type Measured = {
  name: string
  repeats: Figures[]
  windows: Window[]
  /** What the last repeat ran in Postgres, most calls first. */
  statements: Statement[]
}

/** Warms everybody up, then measures them in turn, so that what else the machine does falls on all alike. */
export async function measureLineup(
  bench: Bench,
  field: Field,
  lineup: Lineup,
): Promise<{ measured: Map<Contender, Measured>; problems: string[] }> {
  const { count, repeats, warmUp } = bench.options
  const measured = new Map<Contender, Measured>()
  const problems: string[] = []
  for (const contender of lineup.inOrder) {
    measured.set(contender, { name: contender.name, repeats: [], windows: [], statements: [] })
    if (warmUp > 0) problems.push(...(await runLoad(bench, field, contender, warmUp)).problems)
  }
  for (let repeat = 1; repeat <= repeats && problems.length === 0; repeat += 1) {
    for (const [contender, column] of measured) {
      const run = await runLoad(bench, field, contender, count)
      const figures = measureFigures(run, count)
      problems.push(...run.problems)
      column.repeats.push(figures)
      column.windows.push(run.window)
      column.statements = run.watched.statements
      console.log(
        `bench: ${repeat}/${repeats} ${contender.name}: ${figures['cpu.total']?.toFixed(3)} CPU-s per 1,000`,
      )
    }
    addRatios(lineup, measured)
  }
  problems.push(...(await checkAll(lineup, field)))
  return { measured, problems }
}

/** Of the last repeat, to the plain loop in the same repeat. */
function addRatios({ plain, stacks }: Lineup, measured: Map<Contender, Measured>): void {
  const base = plain && measured.get(plain)?.repeats.at(-1)?.['cpu.total']
  for (const stack of stacks) {
    const figures = measured.get(stack)?.repeats.at(-1)
    if (figures && base !== undefined) figures['ratio'] = (figures['cpu.total'] ?? Number.NaN) / base
  }
}

async function checkAll({ stacks, plain }: Lineup, { receiver, accepted }: Field): Promise<string[]> {
  const problems: string[] = []
  const ids = (path: string) => receiver.ask<string[]>('ids', path)
  for (const stack of stacks) {
    problems.push(...(await checkStack(stack, accepted.get(stack.path) ?? [], await ids(stack.path))))
  }
  if (plain) problems.push(...checkPlain(plain, accepted.get(plain.path) ?? [], await ids(plain.path)))
  return problems
}

/** P5: what subscriptions whose endpoints hang to their deadline cost those whose do not. */
import type { Backend } from '../support/backends-of.ts'
import type { Bench } from '../support/bench.ts'
import { checkHealthy } from '../support/check-healthy.ts'
import type { Figures } from '../support/measure-figures.ts'
import type { OpenLoad, OpenResult } from '../support/open-loop.ts'
import { plansSettled } from '../support/plans-settled.ts'
import { printTable } from '../support/print-table.ts'
import type { TableColumn } from '../support/print-table.ts'
import { reportBackends } from '../support/report-backends.ts'
import { benchIntegration } from '../support/seed-stack.ts'
import { startYards } from '../support/start-yards.ts'
import type { Yards } from '../support/start-yards.ts'
import type { Arrivals } from '../support/subscribers.ts'
import { watchOthers } from '../support/watch-others.ts'
import { bySecond, healthyFigures } from './p5-figures.ts'
import { p5Rows } from './p5-rows.ts'

const subscribers = 50
const timeoutMs = 4_000
/** From triggers that one subscription listens to, each in its turn, and from some that all listen to. */
const singlesPerSecond = 200
const fanOutsPerSecond = 6
/** What the first subscription, which is the first to hang, has beside its share. */
const noisyPerSecond = 100
const warmUpSeconds = 6
/** Long enough for breakers to open, and for some seconds with them open. */
const phaseSeconds = 15
const arrivalTimeoutMs = 20_000

const phases = [
  { name: 'nobody hangs', hanging: 0 },
  { name: '1 of 50 hangs', hanging: 1 },
  { name: '10 of 50 hang', hanging: 10 },
] as const

/** Who answers in every phase is healthy; their figures are compared. */
const hung = Math.max(...phases.map(({ hanging }) => hanging))

type Phase = { name: string; figures: Figures; bySecond: number[] }

export const p5 = (bench: Bench): Promise<string[]> =>
  reportBackends(bench, 'p5', async (backend) => {
    const { found, measured } = await measureBackend(bench, backend)
    const text = `${title(backend)}\n\n${printTable(p5Rows, columns(measured))}`
    return { problems: found, results: measured, text }
  })

async function measureBackend(bench: Bench, backend: Backend) {
  const yards = await startYards(bench, backend, { count: subscribers, timeoutMs, also: ['all'] })
  const { stack, receiver } = yards
  const run = createRuns(yards)
  await run('warming up', 0, warmUpSeconds)
  const measured: Phase[] = []
  for (const { name, hanging } of phases) measured.push(await run(name, hanging, phaseSeconds))
  if (!(await plansSettled(stack, 2 * timeoutMs)))
    run.problems.push(`${stack.name}: some outcomes were not recorded`)
  const found = [
    ...run.problems,
    ...(await checkHealthy(stack, run.accepted, { receiver, subscribers, hung })),
  ]
  await stack.stopApps()
  return { found, measured }
}

/** Runs phases one after the other; who hangs goes on hanging. */
function createRuns({ stack, loader, receiver, facilities }: Yards) {
  const problems: string[] = []
  const accepted: string[] = []
  let from = 0
  let healthy = 0
  const run = async (name: string, hanging: number, seconds: number): Promise<Phase> => {
    await receiver.ask(
      'hang',
      Array.from({ length: hanging }, (_, i) => i),
    )
    const load: OpenLoad = {
      origin: stack.origin,
      headers: stack.headers,
      streams: [
        { integration: benchIntegration, facilities, perSecond: singlesPerSecond },
        { integration: benchIntegration, facilities: ['all'], perSecond: fanOutsPerSecond },
        { integration: benchIntegration, facilities: facilities.slice(0, 1), perSecond: noisyPerSecond },
      ],
      seconds,
      from,
    }
    const aside = watchOthers([loader.pid, receiver.pid])
    const stopWatching = await stack.watch()
    const result = await loader.ask<OpenResult>('run', load)
    const each = fanOutsPerSecond + singlesPerSecond / subscribers
    healthy += ((subscribers - hanging) * each + (hanging === 0 ? noisyPerSecond : 0)) * seconds
    if (!(await receiver.ask<boolean>('wait-for', { count: healthy, timeoutMs: arrivalTimeoutMs })))
      problems.push(`${stack.name}, ${name}: not everything healthy arrived within ${arrivalTimeoutMs} ms`)
    const watched = await stopWatching()
    const others = aside(watched)
    for (const [why, times] of result.refused) problems.push(`${stack.name}: ${times} posts: ${why}`)
    accepted.push(...result.accepted)
    const arrivals = await receiver.ask<Arrivals>('arrivals')
    const about = { from, neverHangFrom: hung, seconds }
    from += result.dueAt.length
    return {
      name,
      figures: { ...healthyFigures(result, arrivals, watched, about), 'others.cores': others },
      bySecond: bySecond(result, arrivals, about),
    }
  }
  return Object.assign(run, { problems, accepted })
}

const columns = (measured: readonly Phase[]): TableColumn[] =>
  measured.map(({ name, figures }) => ({ name, repeats: [figures] }))

const title = (backend: string): string =>
  [
    `P5: ${subscribers} subscriptions of one integration, origins of their own, on ${backend}`,
    `open loop: ${singlesPerSecond} triggers/s → 1 each and ${fanOutsPerSecond} → ${subscribers}, beside ${noisyPerSecond} → the first; ${phaseSeconds} s a column`,
    `healthy are the ${subscribers - hung} that answer in each; the others hang to a deadline of ${timeoutMs} ms`,
  ].join('\n')

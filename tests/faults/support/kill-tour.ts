import type { FaultPointName } from '@waybill/fault-points'
import { eventually, type ProcessExit } from '@waybill/testing'
import type { App, FleetProcess } from './fault-fleet.ts'
import type { FaultStack } from './fault-stack.ts'
import { judge, type Finding } from './judge.ts'

/** A kill at one point, or at several one after the other when the later ones are passed only while healing. */
export type TourStop = { fault: string; points: { app: App; name: FaultPointName; pass?: number }[] }

const api = (name: FaultPointName, pass = 3) => ({ app: 'api' as const, name, pass })
const worker = (name: FaultPointName, pass = 1) => ({ app: 'worker' as const, name, pass })

/** Every place where a process can die between the post of a trigger and the end of its deliveries. */
export const killTour: readonly TourStop[] = [
  { fault: 'F1', points: [api('accept.before-store')] },
  { fault: 'F3', points: [api('accept.committed')] },
  { fault: 'F4', points: [api('accept.enqueued')] },
  { fault: 'F4', points: [api('accept.answered')] },
  { fault: 'F6', points: [worker('fan-out.job-taken', 2)] },
  { fault: 'F7', points: [worker('fan-out.claimed', 2)] },
  { fault: 'F7', points: [worker('fan-out.frozen', 2)] },
  { fault: 'F7', points: [worker('delivery.rendered', 20)] },
  { fault: 'F9', points: [worker('delivery.answered', 20)] },
  { fault: 'F9', points: [worker('record.first-begun', 2)] },
  { fault: 'F11', points: [worker('record.first-stored', 2)] },
  { fault: 'F11', points: [worker('record.first-announced', 2)] },
  { fault: 'F6', points: [worker('drain.job-taken')] },
  { fault: 'F7', points: [worker('drain.claimed')] },
  { fault: 'F7', points: [worker('drain.sliced')] },
  { fault: 'F9', points: [worker('record.later-begun')] },
  { fault: 'F11', points: [worker('record.later-stored')] },
  { fault: 'F11', points: [worker('drain.sent')] },
  { fault: 'F11', points: [worker('drain.released')] },
  { fault: 'F13', points: [worker('queue.job-processed', 2)] },
  { fault: 'F14', points: [worker('sweep.begun', 2)] },
  { fault: 'F14', points: [worker('fan-out.frozen'), worker('sweep.taken-over')] },
  { fault: 'F14', points: [worker('fan-out.frozen'), worker('fan-out.left-to-lanes')] },
  { fault: 'F14', points: [api('accept.committed'), worker('sweep.healed')] },
]

export const nameOf = ({ points }: TourStop): string => points.map(({ name }) => name).join(', then ')

/** Shorter than elsewhere, because there is one worker at a time and its sends take 10 ms. */
export const tourLeases = { HEARTBEAT_MS: '150', SELF_STOP_MS: '600', LEASE_MS: '1200', SWEEP_MS: '300' }

/** How long a point may take to be passed, and how long everything may take to be delivered after it. */
const passedWithinMs = 60_000
const drainedWithinMs = 90_000

/**
 * Kills at every point of one stop under load, starts again what died, and compares the ledgers. The stack stays usable:
 * the next stop goes on with the processes this one started.
 */
export async function visit(stack: FaultStack, { points }: TourStop): Promise<Finding> {
  stack.client.calls.length = 0
  const [first] = points
  // Who waits for what another process leaves behind must be armed before that happens.
  const early = points.slice(1).filter(({ app }) => app !== first?.app)
  const victims = new Map<TourStop['points'][number], FleetProcess>()
  for (const point of early) victims.set(point, await armed(stack, point))
  for (const [i, point] of points.entries()) {
    // One that died already is not to be mistaken for the one that took its place.
    const victim = victims.get(point) ?? (await armed(stack, point))
    // What a later point needs to be passed was left behind at the first.
    const posting = i === 0 ? stack.client.post(12, { atOnce: 4 }) : Promise.resolve()
    const end = await endOf(victim)
    await posting
    if (end.signal !== 'SIGKILL') throw new Error(`${point.name}: the ${point.app} ended with ${end.code}`)
    await (point.app === 'api' ? stack.startApi() : stack.startWorker())
  }
  return judge(stack, { calls: { cut: true }, timeoutMs: drainedWithinMs, skip: ['C10'] })
}

async function armed(
  stack: FaultStack,
  { app, name, pass = 1 }: TourStop['points'][number],
): Promise<FleetProcess> {
  const victim = running(stack, app)
  await victim.arm(`${name}:${pass}`)
  return victim
}

/** Asks rather than waits, since a process that never gets there must not hang the tour. */
async function endOf(victim: FleetProcess): Promise<ProcessExit> {
  await eventually(() => !victim.running(), { timeoutMs: passedWithinMs })
  return victim.exited
}

function running(stack: FaultStack, app: App): FleetProcess {
  const [found] = app === 'api' ? stack.apis() : stack.workers()
  if (!found) throw new Error(`no ${app} runs`)
  return found
}

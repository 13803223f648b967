import { eventually } from '@waybill/testing'
import { percentile } from '../support/checks/check-calls.ts'
import { readLedgers, type Ledgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const productionLeases = { HEARTBEAT_MS: '5000', SELF_STOP_MS: '20000', LEASE_MS: '60000', SWEEP_MS: '4000' }
/** What is promised for work in the hands of a worker that was killed, and for work nobody took. */
const takenOverWithinMs = 70_000
const takenUpWithinMs = 10_000
/** What the other worker sends by itself comes sooner than this after the kill. */
const inDeadHandsMs = 10_000

export const scenario: Scenario = {
  id: 'F85',
  title: "one of two workers killed, then wake-ups lost, with production's leases",
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context, { workerEnv: productionLeases, receiverDelayMs: 300 })
    const survivor = await stack.startWorker()
    const load = startLoad(stack)
    await lasts(4_000)
    const victim = stack.workers().find((worker) => worker !== survivor)
    const killedAt = Date.now()
    victim?.kill('SIGKILL')
    await victim?.exited
    await lasts(2_000)
    await load.stop()
    const [api] = stack.apis()
    const lostFrom = Date.now()
    await api?.arm('accept.committed:3')
    await stack.client.post(12, { atOnce: 4 })
    await eventually(() => api?.running() === false)
    await stack.startApi()
    const finding = await judge(stack, {
      calls: { cut: true },
      timeoutMs: 150_000,
      lateMs: takenOverWithinMs,
    })
    const ledgers = await readLedgers(stack)
    const takenOver = goodAfter(ledgers, killedAt).filter((ms) => ms > inDeadHandsMs)
    const takenUp = firstAfterAccepted(ledgers, lostFrom)
    const [late, idle] = [percentile(takenOver, 0.99), Math.max(...takenUp)]
    finding.notes.push(
      `${takenOver.length} deliveries of the dead worker: ${seconds(late)} after the kill (p99); ` +
        `${takenUp.length} of which wake-ups were lost: at most ${seconds(idle)} after they were accepted`,
    )
    mustHold(
      finding,
      takenOver.length >= 10,
      `F85 only ${takenOver.length} were in the hands of the dead worker`,
    )
    mustHold(
      finding,
      late <= takenOverWithinMs,
      `F85 the dead worker's deliveries came after ${seconds(late)}`,
    )
    mustHold(finding, idle > 1_000, 'F85 no wake-up was lost')
    mustHold(finding, idle <= takenUpWithinMs, `F85 work nobody took came after ${seconds(idle)}`)
    return finding
  },
}

/** How long after `atMs` each delivery accepted before it was sent for the last time, ms. */
function goodAfter({ deliveries, attempts }: Ledgers, atMs: number): number[] {
  const before = new Set(deliveries.filter((one) => one.acceptedAtMs < atMs).map(({ uuid }) => uuid))
  return attempts.flatMap(({ uuid, code, sentAtMs }) =>
    code === 200 && sentAtMs !== null && before.has(uuid) ? [sentAtMs - atMs] : [],
  )
}

/** How long each delivery accepted after `atMs` waited for its first attempt, ms. */
function firstAfterAccepted({ deliveries, attempts }: Ledgers, atMs: number): number[] {
  const acceptedAt = new Map(deliveries.map(({ uuid, acceptedAtMs }) => [uuid, acceptedAtMs]))
  return attempts.flatMap(({ uuid, n, sentAtMs }) => {
    const accepted = acceptedAt.get(uuid) ?? 0
    return n === 1 && sentAtMs !== null && accepted >= atMs ? [sentAtMs - accepted] : []
  })
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

import { readLedgers } from '../support/checks/read-ledgers.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'
import { startRelay } from '../support/start-relay.ts'

const toleranceMs = 250
const deadlineMs = 1_500

const drips = [
  { path: '/drip-head', mode: 'drip-head' },
  { path: '/1xx', mode: 'informational-flood' },
  { path: '/drip-body', mode: 'drip-body' },
] as const

/** Measured from outside: from a request's last bytes to the end of its connection, ms, where the sender ended it. */
type Endings = Map<string, number[]>

/** Each path is called over a relay of its own that hears when its connections end. */
async function subscribeDrips(context: FaultContext, stack: FaultStack): Promise<Endings> {
  const endings: Endings = new Map()
  for (const { path } of drips) {
    const heard: number[] = []
    endings.set(path, heard)
    const target = { host: '127.0.0.1', port: stack.receiver.port }
    const relay = await startRelay({ host: '127.0.0.1', port: 0 }, target, { onEnd: (ms) => heard.push(ms) })
    context.cleanUp(() => relay.close())
    await stack.subscribe(path, { url: `http://127.0.0.1:${relay.port}${path}`, timeoutMs: deadlineMs })
  }
  return endings
}

/** What the worker measured, ms, of first attempts at a path. */
async function measured(stack: FaultStack, path: string): Promise<number[]> {
  const id = stack.subscriptions.find((one) => one.path === path)?.id ?? 0
  const rows = await stack.database.sql<{ ms: number }[]>`
    SELECT a.ms FROM attempts a JOIN deliveries d ON d.id = a.delivery
    WHERE d.subscription = ${id}::int AND a.n = 1 AND a.ms IS NOT NULL`
  return rows.map(({ ms }) => ms)
}

export const scenario: Scenario = {
  id: 'F71',
  title: 'heads and bodies that drip, and a flood of 1xx: each ends at its deadline ± 250 ms',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const endings = await subscribeDrips(context, stack)
    await stack.receiver.program({
      rules: drips.map(({ path, mode }) => ({ path, first: 1, answer: { mode, status: 200 } })),
    })
    await stack.client.post(10, { rate: 10 })
    // The head that drips is answered 200 by the receiver and never read by us.
    const finding = await judge(stack, { skip: ['C4', 'C2'], bound: 10 })
    for (const { path } of drips) {
      const within = (ms: number) => Math.abs(ms - deadlineMs) <= toleranceMs
      const ms = await measured(stack, path)
      // A connection that is kept for the next request ends idle, 4 s after its last.
      const ended = (endings.get(path) ?? []).filter((one) => one < 3_500)
      const [said, heard] = [range(ms), range(ended)]
      finding.notes.push(`${path}: ${ms.length} attempts took ${said} ms, heard from outside ${heard} ms`)
      mustHold(
        finding,
        ms.length === 10 && ms.every(within),
        `F71 ${path} took ${said}, not ${deadlineMs} ms`,
      )
      mustHold(finding, ended.length === 10 && ended.every(within), `F71 ${path}: ended after ${heard} ms`)
    }
    const { deliveries } = await readLedgers(stack)
    mustHold(
      finding,
      deliveries.every(({ status }) => status === 'delivered'),
      'F71 not all were delivered',
    )
    return finding
  },
}

const range = (ms: readonly number[]): string =>
  ms.length === 0 ? 'nothing' : `${Math.round(Math.min(...ms))}–${Math.round(Math.max(...ms))}`

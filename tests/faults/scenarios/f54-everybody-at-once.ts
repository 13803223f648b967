import { setTimeout as pause } from 'node:timers/promises'
import type { DeliveryId } from '@waybill/domain'
import { createWakeUps } from '@waybill/queue'
import { eventually } from '@waybill/testing'
import { isGood, readLedgers, type StoredAttempt } from '../support/checks/read-ledgers.ts'
import { publicIds, type FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

const persons = 3
const forMs = 8_000

/**
 * Three workers sweep 20 times a second, every lane is woken over and over, and three persons press "retry now" on
 * whatever is pending or has failed. Nobody dies, so each attempt is one request and each request one attempt.
 */
export const scenario: Scenario = {
  id: 'F54',
  title: 'sweeps of three workers, the queue and persons at once',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context, { workerEnv: { SWEEP_MS: '50' }, flakiness: 1 })
    await Promise.all([stack.startWorker(), stack.startWorker()])
    const wakeUps = createWakeUps(stack.queue, { onError: () => {} })
    context.cleanUp(() => wakeUps.close())
    await eventually(() => wakeUps.ready())
    const load = startLoad(stack)
    const asked = new Map<string, number>()
    const endsAt = performance.now() + forMs
    const wake = async () => {
      while (performance.now() < endsAt) {
        for (const { id } of stack.subscriptions) wakeUps.drain(id, 0, { again: true })
        await pause(20)
      }
    }
    await Promise.all([wake(), ...Array.from({ length: persons }, () => pressRetry(stack, endsAt, asked))])
    await load.stop()
    const finding = await judge(stack, { asked, retries: 100 })
    const { attempts } = await readLedgers(stack)
    const again = [...asked.values()].reduce((sum, n) => sum + n, 0)
    finding.notes.push(`${again} times "retry now" of ${asked.size} deliveries`)
    mustHold(finding, again > 100, `F54 "retry now" was accepted only ${again} times`)
    const twice = deliveredTwice(attempts)
    mustHold(finding, twice.length === 0, `F54 delivered twice for one wish: ${twice.slice(0, 5).join(', ')}`)
    return finding
  },
}

async function pressRetry(stack: FaultStack, endsAt: number, asked: Map<string, number>): Promise<void> {
  while (performance.now() < endsAt) {
    // The same rows for all of them, so that they meet.
    const rows = await stack.database.sql<{ id: DeliveryId }[]>`
      SELECT id FROM deliveries WHERE status IN (1, 3) ORDER BY id DESC LIMIT 10`
    for (const { id } of rows) {
      const uuid = publicIds.encode('delivery', id)
      // Before the answer: what was asked for may be sent before.
      asked.set(uuid, (asked.get(uuid) ?? 0) + 1)
      const { status } = await stack.call('POST', `/v1/deliveries/${uuid}/redeliver`)
      if (status !== 202) asked.set(uuid, (asked.get(uuid) ?? 0) - 1)
    }
  }
}

/** A redelivery begins a new generation, and each generation is delivered at most once. */
function deliveredTwice(attempts: readonly StoredAttempt[]): string[] {
  const wishes = attempts
    .filter(({ code }) => code !== null && isGood(code))
    .map(({ uuid, generation }) => `${uuid}/${generation}`)
  return wishes.filter((wish, i) => wishes.indexOf(wish) !== i)
}

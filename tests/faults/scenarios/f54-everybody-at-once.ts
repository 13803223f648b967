import { redeliver } from '@waybill/db'
import { asDeliveryId } from '@waybill/domain'
import { judge, mustHold } from '../support/judge.ts'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { yard } from '../support/fault-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

/** Three workers sweep every 100 ms while a person redelivers what has failed. */
export const scenario: Scenario = {
  id: 'F54',
  title: 'sweeps of three workers, the queue and a person at once',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context, { workerEnv: { SWEEP_MS: '100' } })
    await Promise.all([stack.startWorker(), stack.startWorker()])
    const load = startLoad(stack)
    const again = new Set<number>()
    for (const endsAt = performance.now() + 6_000; performance.now() < endsAt;) {
      const rows = await stack.database.sql<
        { id: number }[]
      >`SELECT id FROM deliveries WHERE status = 3 LIMIT 20`
      for (const { id } of rows) {
        if (again.has(id)) continue
        again.add(id)
        await redeliver(stack.database.sql, yard, asDeliveryId(id))
      }
    }
    await load.stop()
    // Each redelivery of one that got through meanwhile may send it once more: that is what the person asked for.
    const finding = await judge(stack, { bound: again.size, untold: 0, skip: ['C5'] })
    const { attempts } = await readLedgers(stack)
    const twice = new Set(attempts.map(({ uuid, n }) => `${uuid} ${n}`)).size !== attempts.length
    mustHold(finding, !twice, 'F54 one attempt number twice')
    mustHold(finding, again.size > 0, 'F54 nothing was there to redeliver')
    return finding
  },
}

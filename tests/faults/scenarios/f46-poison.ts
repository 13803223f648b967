import { readLedgers } from '../support/checks/read-ledgers.ts'
import { expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

/** Whoever sends the poisoned order is killed as soon as its request arrives. */
export const scenario: Scenario = {
  id: 'F46',
  title: 'a delivery that kills its worker at every run',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const poisoned = await stack.subscribe('/poisoned', { filters: { facilities: ['poison'] } })
    // The others take so long that many are under way whenever it kills.
    await stack.receiver.program({
      rules: [{ path: '/poisoned', answer: { mode: 'hang' } }, { answer: { status: 200, delayMs: 300 } }],
    })
    stack.subscriptions.pop()
    const arrivals = async () =>
      (await stack.receiver.lines()).filter(({ path }) => path === '/poisoned').length
    await Promise.all([stack.client.post(20), stack.client.post(1, { body: { facility_id: 'poison' } })])
    let deaths = 0
    const status = async () =>
      (await readLedgers(stack)).deliveries.find(({ subscription }) => subscription === poisoned.id)
    let beforeMs = Date.now()
    for (const endsAt = performance.now() + 120_000; performance.now() < endsAt; await lasts(50)) {
      if ((await arrivals()) > deaths) {
        deaths += 1
        const [worker] = stack.workers()
        worker?.kill('SIGKILL')
        await worker?.exited
        await stack.startWorker()
        await stack.client.post(3)
      }
      const askedAtMs = Date.now()
      if ((await status())?.err === 'quarantined') break
      beforeMs = askedAtMs
    }
    const noteAlarms = await expectAlarms(stack, { fromMs: beforeMs, toMs: Date.now() }, [
      { alert: 'WaybillDeliveriesQuarantined', stays: true },
    ])
    const finding = await judge(stack)
    noteAlarms(finding)
    const end = await status()
    finding.notes.push(`set aside after ${deaths} deaths`)
    mustHold(finding, end?.err === 'quarantined', `F46 the delivery is ${end?.status} ${end?.err ?? ''}`)
    mustHold(finding, deaths <= 6, `F46 ${deaths} deaths`)
    const [notice] = await stack.database.sql<{ kind: string }[]>`
      SELECT kind FROM notices WHERE kind = 'delivery_quarantined'`
    mustHold(finding, notice !== undefined, 'F46 nobody is told')
    return finding
  },
}

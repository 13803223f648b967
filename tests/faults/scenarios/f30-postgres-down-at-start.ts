import { eventually } from '@waybill/testing'
import { ready } from '../support/fault-fleet.ts'
import { expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F30',
  title: 'Postgres down when api and worker start',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    await stack.client.post(5)
    await stack.fleet.stopAll()
    // The next look is to find nobody, rather than one who is stopping and says so.
    await eventually(() => stack.watch.sights.at(-1)?.processes.length === 0)
    await postgres.stop('fast')
    const fromMs = Date.now()
    const api = await stack.startApi({ waitReady: false })
    const worker = await stack.startWorker({ waitReady: false })
    await lasts(6_000)
    const waits = worker.running()
    const code = waits ? undefined : (await worker.exited).code
    await postgres.start()
    const toMs = Date.now()
    await ready(api)
    if (waits) await ready(worker)
    else await stack.startWorker()
    await eventually(async () => (await stack.call('GET', '/v1/subscriptions')).ok)
    await stack.client.post(50)
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, [{ readiness: 'api' }])
    const finding = await judge(stack, { calls: { unavailable: true } })
    noteAlarms(finding)
    mustHold(finding, waits || code === 1, `F30 the worker ended with ${code}, not 1`)
    finding.notes.push(
      waits ? 'the worker waits' : 'the worker ends with 1, for its supervisor to start it again',
    )
    return finding
  },
}

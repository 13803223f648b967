import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { alarmsOf, expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const places = 60
const tooManyClients = '53300'

/** Takes every place that is or becomes free. `end` gives them back and tells how often there was none. */
function takePlaces(databaseUrl: string): { end(): Promise<number> } {
  const state = { ends: false, refused: 0 }
  const takeOne = async () => {
    while (!state.ends) {
      const hog = postgres(databaseUrl, {
        max: 1,
        onnotice: () => {},
        connection: { application_name: 'hog' },
      })
      try {
        await hog`SELECT 1`
        while (!state.ends) await pause(50)
      } catch (error) {
        if ((error as { code?: string }).code !== tooManyClients) throw error
        state.refused += 1
        await pause(20)
      } finally {
        await hog.end({ timeout: 1 })
      }
    }
  }
  const all = Promise.all(Array.from({ length: places }, takeOne))
  // Told by `end`; a scenario that breaks off asks nobody.
  all.catch(() => {})
  return {
    end: async () => {
      state.ends = true
      await all
      return state.refused
    },
  }
}

export const scenario: Scenario = {
  id: 'F35',
  title: 'max_connections exhausted',
  backends: bothBackends,
  run: async (context) => {
    const server = await context.privatePostgres({ max_connections: String(places) })
    const databaseUrl = server.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    await lasts(1_500)
    const fromMs = Date.now()
    // Connected before there is no place left.
    const refused = await server.asAdmin(async (admin) => {
      await admin`SELECT 1`
      const hogs = takePlaces(databaseUrl)
      context.cleanUp(() => hogs.end())
      await lasts(1_500)
      for (let i = 0; i < 16; i += 1) {
        // Whoever reconnects now finds no place, or one that the next round takes from it.
        await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
            AND application_name NOT IN ('hog', 'waybill-faults')`
        await lasts(500)
      }
      return hogs.end()
    })
    const toMs = Date.now()
    await lasts(3_000)
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, alarmsOf.postgres)
    const finding = await judge(stack, { calls: { unavailable: true } })
    noteAlarms(finding)
    const unavailable = stack.client.calls.filter(({ status }) => status === 503).length
    finding.notes.push(`${refused} connections found no place, ${unavailable} calls were answered with 503`)
    mustHold(finding, refused > 0, 'F35 there were places left: the fault was not injected')
    mustHold(finding, unavailable > 0, 'F35 no call was refused')
    return finding
  },
}

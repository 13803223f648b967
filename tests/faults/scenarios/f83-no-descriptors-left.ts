import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startDnsServer } from '@waybill/testing'
import { burstCaps } from '../support/checks/check-vitals.ts'
import { expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold, needsOf } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const run = promisify(execFile)
const scarceMs = 5_000
/** More than a worker has when nothing is sent, and fewer than the connections that the load asks for. */
const few = 60

const timesIn = (line: string): number => (JSON.parse(line) as { times?: number }).times ?? 0

export const scenario: Scenario = {
  id: 'F83',
  title: 'a worker has no descriptors left for its connections: no endpoint is blamed, no attempt spent',
  backends: bothBackends,
  run: async (context) => {
    const dns = await startDnsServer((_name, family) => (family === 4 ? ['127.0.0.1'] : []))
    context.cleanUp(() => dns.close())
    const stack = await usualStack(context, {
      receiverDelayMs: 400,
      workerEnv: { DNS_SERVERS: dns.address },
    })
    await stack.subscribe('/named', { url: `http://named.example:${stack.receiver.port}/named` })
    const [worker] = stack.workers()
    const prlimit = (...args: string[]) => run('prlimit', [`--pid=${worker?.pid}`, ...args])
    const before = await prlimit('--nofile', '--output=SOFT', '--noheadings').catch(() => undefined)
    if (before === undefined) return needsOf('prlimit of util-linux')
    // Somebody must have looked before.
    await lasts(2_000)
    const fromMs = Date.now()
    await prlimit(`--nofile=${few}:`)
    const load = startLoad(stack)
    await lasts(scarceMs)
    await prlimit(`--nofile=${before.stdout.trim()}:`)
    const toMs = Date.now()
    await lasts(2_000)
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, [
      { alert: 'WaybillCannotSend', stays: true },
    ])
    const finding = await judge(stack, {
      lateMs: scarceMs,
      caps: burstCaps,
    })
    noteAlarms(finding)
    const times = stack.fleet.processes.flatMap(({ lines }) =>
      lines.flatMap(({ text }) => (text.includes('"delivery.not-sent"') ? [timesIn(text)] : [])),
    )
    const notSent = times.reduce((sum, n) => sum + n, 0)
    const [blamed] = await stack.database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM attempts WHERE code IS NULL`
    finding.notes.push(
      `${notSent} times there was no descriptor for a request, told in ${times.length} lines`,
    )
    mustHold(finding, notSent > 0, 'F83 there were enough descriptors: the fault was not injected')
    mustHold(finding, blamed?.n === 0, `F83 ${blamed?.n} attempts blame an endpoint that was not asked`)
    mustHold(finding, dns.questions.length > 0, 'F83 no name was looked up')
    mustHold(finding, worker?.running() === true, 'F83 the worker ended')
    return finding
  },
}

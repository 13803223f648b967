import { setTimeout as pause } from 'node:timers/promises'
import { eventually, type TestRedis } from '@waybill/testing'
import { sumOf } from '../support/checks/excused-requests.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { judge } from '../support/judge.ts'
import type { PrivatePostgres } from '../support/private-postgres.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { pickOne } from '../support/seeded-random.ts'
import { usualStack } from '../support/start-load.ts'

/** One in so many kills is of a server; the others are of an api or a worker. */
const serverEvery = 8

type Victim = 'api' | 'worker' | 'Postgres' | 'Redis'

export const scenario: Scenario = {
  id: 'F14',
  title: 'kill -9 of any process every 1 to 5 s: api, worker, a Postgres backend, Redis (back empty)',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 45, listed: 600, asked: ({ night }) => night && night.minutes * 60 },
  run: async (context) => {
    const { random, night, full, backend, magnitude } = context
    const wanted = night?.triggers ?? Number.POSITIVE_INFINITY
    const postgres = await context.privatePostgres()
    const redis = backend === 'redis' ? await context.privateRedis() : undefined
    const stack = await usualStack(context, {
      databaseUrl: postgres.url,
      queue: context.queue(postgres.url, redis?.url),
    })
    await stack.receiver.program({
      rules: [
        { chance: 0.08, answer: { status: 500, delayMs: 20 } },
        { chance: 0.05, answer: { status: 200, delayMs: 120 } },
      ],
    })
    await Promise.all([stack.startApi(), stack.startWorker()])
    const startedAt = performance.now()
    const endsAt = startedAt + magnitude * 1_000
    const done = () => performance.now() > endsAt || stack.client.intents.size >= wanted
    const posting = stack.client.post(wanted, {
      atOnce: night ? 64 : 20,
      rate: night ? 200 : 150,
      until: done,
    })
    const kills: Record<Victim, number> = { api: 0, worker: 0, Postgres: 0, Redis: 0 }
    for (let n = 1; !done(); n += 1) {
      const gap = pause(1_000 + random() * 4_000)
      // As listed from kill to kill, unless a restart takes longer; else from when what was killed is back.
      if (!full) await gap
      const server =
        n % serverEvery === 0 ? pickOne(random, redis ? [postgres, redis] : [postgres]) : undefined
      kills[server ? await killServer(server, random) : await killApp(stack, random)] += 1
      await gap
      if (n % 20 === 0) context.log(`${stack.client.intents.size} intents, ${n} kills`)
    }
    const everyMs = (performance.now() - startedAt) / sumOf(new Map(Object.entries(kills)))
    await posting
    const finding = await judge(stack, {
      calls: { cut: true, unavailable: true },
      timeoutMs: night || full ? 900_000 : 120_000,
      // A worker that is killed while Postgres recovers has not recorded what it sent for as long as it may go on sending.
      inFlightMs: 8_000,
    })
    finding.notes.push(
      `killed: ${Object.entries(kills)
        .map(([who, n]) => `${who} ${n}`)
        .join(', ')}; one every ${(everyMs / 1_000).toFixed(1)} s`,
    )
    return finding
  },
}

async function killApp(stack: FaultStack, random: () => number): Promise<Victim> {
  const victim = pickOne(random, [...stack.apis(), ...stack.workers()])
  victim.kill('SIGKILL')
  await victim.exited
  // As a supervisor does: a process ends when it finds Postgres in the middle of its recovery.
  await eventually(() => (victim.app === 'api' ? stack.startApi() : stack.startWorker()), { everyMs: 1_000 })
  return victim.app
}

async function killServer(server: PrivatePostgres | TestRedis, random: () => number): Promise<Victim> {
  if ('restart' in server) {
    await server.kill()
    await pause(random() * 2_000)
    await server.restart()
    return 'Redis'
  }
  const [victim] = await server.asAdmin(
    (sql) =>
      sql<{ pid: number }[]>`
        SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'waybill-%'
        ORDER BY md5(pid::text || ${random()}::text) LIMIT 1`,
  )
  // The postmaster ends all the others and recovers.
  if (victim) process.kill(victim.pid, 'SIGKILL')
  return 'Postgres'
}

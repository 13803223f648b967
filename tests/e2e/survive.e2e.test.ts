import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { migrateDatabase } from '@waybill/db'
import { startEmbeddedPostgres } from '@waybill/embedded'
import { migrateQueue } from '@waybill/queue'
import { createTestDatabase, eventually, queueBackends, redisServerPath, startRedis } from '@waybill/testing'
import { aTriggerBody, compareLedgers, postTriggers, quiet } from './support/ledgers.ts'
import { startStack, type Stack, type StackOptions } from './support/start-stack.ts'

const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

async function aDatabase() {
  const clone = await createTestDatabase()
  cleanUp.push(() => clone.drop())
  return clone.url
}

async function aStack(options: StackOptions) {
  const stack = await startStack(options)
  cleanUp.push(() => stack.stop())
  return stack
}

/** How many requests had arrived once none has come for a while: what a dead sender left in the sockets is read. */
async function arrivalsEnd({ requests }: Stack['receiver']): Promise<number> {
  for (let before = -1; before !== requests.length; await pause(300)) before = requests.length
  return requests.length
}

/** The same sequence for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const clean = { lost: [], untrue: [], duplicates: 0 }

describe.each(queueBackends())('what was accepted survives on the $name queue', (backend) => {
  it('a kill -9 of the worker in the middle of its deliveries', async () => {
    const databaseUrl = await aDatabase()
    const stack = await aStack({ databaseUrl, queue: backend.config(databaseUrl) })
    const { id } = await stack.subscribe('/kill')
    stack.receiver.setResponder(() => ({ status: 200, delayMs: 30 }))
    let killed: Promise<number> | undefined
    const kill = async () => {
      const [worker] = stack.workers
      worker?.kill('SIGKILL')
      await worker?.exited
      const sent = await arrivalsEnd(stack.receiver)
      const [row] = await stack.sql<
        { n: number }[]
      >`SELECT count(*)::int AS n FROM deliveries WHERE attempts > 0`
      await stack.startWorker()
      return sent - (row?.n ?? 0)
    }
    const client = await postTriggers(stack, 300, {
      onPosted: (answered) => {
        if (answered === 150) killed = kill()
      },
    })
    const sentAndUnrecorded = (await killed) ?? -1
    await quiet(stack.sql)
    const verdict = await compareLedgers(stack.sql, id, client, stack.receiver)
    expect(client.refused).toEqual([])
    expect(verdict).toMatchObject({ lost: [], untrue: [], delivered: 300 })
    // What had been sent and not yet recorded may come twice, and nothing else; it is itself bounded.
    expect(verdict.duplicates).toBeLessThanOrEqual(sentAndUnrecorded)
    expect(sentAndUnrecorded).toBeGreaterThan(0)
    expect(sentAndUnrecorded).toBeLessThanOrEqual(50 + 500)
  })

  it('random kill -9 of its two workers, with a receiver that fails now and then', async () => {
    const seed = Number(process.env['WAYBILL_SEED'] ?? Date.now() % 100_000)
    const n = Number(process.env['WAYBILL_TRIGGERS'] ?? 600)
    const random = seededRandom(seed)
    const databaseUrl = await aDatabase()
    const stack = await aStack({
      databaseUrl,
      queue: backend.config(databaseUrl),
      workerEnv: { SCHEDULE_SCALE: '0.02', HEARTBEAT_MS: '200', SELF_STOP_MS: '800', LEASE_MS: '2000' },
    })
    await stack.startWorker()
    const { id } = await stack.subscribe('/random')
    stack.receiver.setResponder(() => ({
      status: random() < 0.1 ? 500 : 200,
      delayMs: Math.floor(random() * 40),
    }))
    let posting = true
    let kills = 0
    const killer = async () => {
      while (posting) {
        await pause(500 + random() * 1_500)
        const alive = stack.workers.slice(-2)
        alive[Math.floor(random() * alive.length)]?.kill('SIGKILL')
        kills += 1
        await stack.startWorker()
      }
    }
    const killing = killer()
    const client = await postTriggers(stack, n, { everyMs: 80 })
    posting = false
    await killing
    await quiet(stack.sql, 90_000)
    const verdict = await compareLedgers(stack.sql, id, client, stack.receiver)
    console.log(
      `seed ${seed}: ${kills} kills, ${verdict.delivered} delivered, ${verdict.duplicates} duplicates`,
    )
    const summary = { seed, kills, accepted: client.accepted.length, duplicates: verdict.duplicates }
    expect({ ...summary, refused: client.refused, lost: verdict.lost, untrue: verdict.untrue }).toEqual({
      ...summary,
      refused: [],
      lost: [],
      untrue: [],
    })
    expect(verdict.delivered).toBe(n)
    expect(kills).toBeGreaterThan(0)
    // In flight at each kill, of first attempts and of retries.
    expect(verdict.duplicates).toBeLessThanOrEqual(kills * 2 * 50)
  }, 600_000)

  it('a SIGTERM of api and worker under load, without a duplicate', async () => {
    const databaseUrl = await aDatabase()
    const stack = await aStack({ databaseUrl, queue: backend.config(databaseUrl) })
    const { id } = await stack.subscribe('/term')
    stack.receiver.setResponder(() => ({ status: 200, delayMs: 20 }))
    let replaced: Promise<unknown> | undefined
    const client = await postTriggers(stack, 200, {
      onPosted: (answered) => {
        if (answered !== 100) return
        const [old] = stack.workers
        old?.kill('SIGTERM')
        replaced = stack.startWorker()
      },
    })
    await replaced
    expect(await stack.workers[0]?.exited).toEqual({ code: 0, signal: null })
    await quiet(stack.sql)
    expect(await compareLedgers(stack.sql, id, client, stack.receiver)).toEqual({ ...clean, delivered: 200 })
  })

  it('jobs that are repeated, early or about nothing', async () => {
    const databaseUrl = await aDatabase()
    const queue = backend.config(databaseUrl)
    const stack = await aStack({ databaseUrl, queue })
    const { id } = await stack.subscribe('/jobs')
    const { createWakeUps } = await import('@waybill/queue')
    const wakeUps = createWakeUps(queue, { onError: () => {} })
    cleanUp.push(() => wakeUps.close())
    await eventually(() => wakeUps.ready())
    const client = await postTriggers(stack, 50, {
      onPosted: (answered) => {
        wakeUps.fanOut(answered)
        wakeUps.drain(id, 0)
        wakeUps.drain(answered + 1_000, 0)
      },
    })
    const batches = await stack.sql<{ trigger: number }[]>`SELECT id AS trigger FROM triggers`
    for (const { trigger } of batches) wakeUps.fanOut(trigger)
    await quiet(stack.sql)
    expect(await compareLedgers(stack.sql, id, client, stack.receiver)).toEqual({ ...clean, delivered: 50 })
  })

  it('Postgres being away: 503 at once, and delivery again when it is back, without a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'waybill-away-'))
    cleanUp.push(() => rm(dataDir, { recursive: true, force: true }))
    const start = () => startEmbeddedPostgres({ dataDir, logger: () => {} })
    let postgres = await start()
    cleanUp.push(() => postgres.stop('immediate'))
    const databaseUrl = postgres.url
    const queue = backend.config(databaseUrl)
    await migrateDatabase(databaseUrl)
    await migrateQueue(queue)
    const stack = await aStack({ databaseUrl, queue })
    const { id } = await stack.subscribe('/away')
    const before = await postTriggers(stack, 20)
    await postgres.stop('fast')
    const started = performance.now()
    const refused = await stack.call('POST', '/v1/triggers', aTriggerBody(1))
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused.headers.get('content-type')).toContain('application/problem+json')
    expect(performance.now() - started).toBeLessThan(10_000)
    postgres = await start()
    await eventually(async () => (await stack.call('POST', '/v1/triggers', aTriggerBody(2))).status === 202)
    const after = await postTriggers(stack, 20)
    await quiet(stack.sql)
    const client = { accepted: [...before.accepted, ...after.accepted], refused: [] }
    expect(await compareLedgers(stack.sql, id, client, stack.receiver)).toMatchObject(clean)
  })
})

const onRedis = redisServerPath() === undefined ? [] : [{ server: 'redis' }]
describe.each(onRedis)('what was accepted survives the loss of $server', () => {
  const aRedis = async () => {
    const redis = await startRedis()
    cleanUp.push(() => redis.stop())
    return redis
  }

  it('when it is emptied with work queued', async () => {
    const databaseUrl = await aDatabase()
    const redis = await aRedis()
    const queue = { backend: 'redis', redisUrl: redis.url } as const
    const stack = await aStack({ databaseUrl, queue, worker: false })
    const { id } = await stack.subscribe('/flushed')
    const client = await postTriggers(stack, 200)
    const admin = new Redis(redis.url)
    expect((await admin.keys('*:b-*')).length).toBeGreaterThan(0)
    await admin.flushall()
    await admin.quit()
    await stack.startWorker()
    await quiet(stack.sql)
    expect(await compareLedgers(stack.sql, id, client, stack.receiver)).toEqual({ ...clean, delivered: 200 })
  })

  it('when it is gone: triggers are accepted and delivered meanwhile', async () => {
    const databaseUrl = await aDatabase()
    const redis = await aRedis()
    const queue = { backend: 'redis', redisUrl: redis.url } as const
    const stack = await aStack({ databaseUrl, queue })
    const { id } = await stack.subscribe('/no-redis')
    await redis.kill()
    const client = await postTriggers(stack, 100)
    expect(client.refused).toEqual([])
    await quiet(stack.sql)
    expect(await compareLedgers(stack.sql, id, client, stack.receiver)).toEqual({ ...clean, delivered: 100 })
    await redis.restart()
    const later = await postTriggers(stack, 20)
    await quiet(stack.sql)
    const both = { accepted: [...client.accepted, ...later.accepted], refused: later.refused }
    expect(await compareLedgers(stack.sql, id, both, stack.receiver)).toEqual({ ...clean, delivered: 120 })
  })
})

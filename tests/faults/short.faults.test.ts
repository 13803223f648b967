import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createTestDatabase, queueBackends } from '@waybill/testing'
import { startFaultStack, type FaultStack } from './support/fault-stack.ts'
import { checkCanaries } from './support/checks/check-canaries.ts'
import { keepLedgers, ledgersFolder } from './support/keep-ledgers.ts'
import { killTour, nameOf, tourLeases, visit } from './support/kill-tour.ts'
import { usualSubscriptions } from './support/start-load.ts'

const seed = Number(process.env['WAYBILL_SEED'] ?? Date.now() % 100_000)

describe.each(queueBackends())('nothing accepted is lost on the $name queue', (backend) => {
  const cleanUp: (() => Promise<unknown>)[] = []
  const stacks: FaultStack[] = []
  let stack: FaultStack
  let folder: string
  let unfinished = 0

  /** The ledgers stay unless all of this came to its end. */
  const finish = async (work: () => Promise<void>) => {
    unfinished += 1
    await work()
    unfinished -= 1
  }

  beforeAll(async () => {
    await mkdir(ledgersFolder, { recursive: true })
    folder = await mkdtemp(join(ledgersFolder, `short-${backend.name}-${seed}-`))
    await finish(start)
  }, 120_000)

  const start = async () => {
    const database = await createTestDatabase()
    cleanUp.push(() => database.drop())
    stack = await startFaultStack({
      databaseUrl: database.url,
      queue: backend.config(database.url),
      folder,
      seed,
      workerEnv: tourLeases,
    })
    stacks.push(stack)
    cleanUp.push(() => stack.stop())
    // Every first request fails there, so that each stop passes the points of a retry too.
    await usualSubscriptions(stack, 10, 1)
    await Promise.all([stack.startApi(), stack.startWorker()])
  }

  afterAll(async () => {
    const say = (text: string) => console.error(`seed ${seed}: ${text}`)
    if (unfinished > 0) await keepLedgers(folder, stacks, say)
    for (const step of cleanUp.reverse()) await step()
    if (unfinished > 0) say(`ledgers and logs are kept in ${folder}`)
    else await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it.each(killTour.map((stop) => [stop.fault, nameOf(stop), stop] as const))(
    'when a process is killed (%s) at %s',
    (_fault, _name, stop) =>
      finish(async () => {
        const finding = await visit(stack, stop)
        expect({ seed, failures: finding.failures }).toEqual({ seed, failures: [] })
        expect(finding.accepted).toBe(stack.client.intents.size)
        expect(finding.delivered).toBe(finding.accepted * stack.subscriptions.length)
      }),
    300_000,
  )

  it('and none of it put a secret where it does not belong', () =>
    finish(async () => expect(await checkCanaries(stack)).toEqual([])))
})

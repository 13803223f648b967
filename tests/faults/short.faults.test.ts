import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createTestDatabase, queueBackends } from '@waybill/testing'
import { startFaultStack, type FaultStack } from './support/fault-stack.ts'
import { checkCanaries } from './support/checks/check-canaries.ts'
import { killTour, nameOf, tourLeases, visit } from './support/kill-tour.ts'
import { usualSubscriptions } from './support/start-load.ts'

const seed = Number(process.env['WAYBILL_SEED'] ?? Date.now() % 100_000)

describe.each(queueBackends())('nothing accepted is lost on the $name queue', (backend) => {
  const cleanUp: (() => Promise<unknown>)[] = []
  let stack: FaultStack

  beforeAll(async () => {
    const database = await createTestDatabase()
    cleanUp.push(() => database.drop())
    const folder = await mkdtemp(join(tmpdir(), 'waybill-faults-'))
    cleanUp.push(() => rm(folder, { recursive: true, force: true }))
    stack = await startFaultStack({
      databaseUrl: database.url,
      queue: backend.config(database.url),
      folder,
      seed,
      workerEnv: tourLeases,
    })
    cleanUp.push(() => stack.stop())
    // Every first request fails there, so that each stop passes the points of a retry too.
    await usualSubscriptions(stack, 10, 1)
    await Promise.all([stack.startApi(), stack.startWorker()])
  }, 120_000)

  afterAll(async () => {
    for (const step of cleanUp.reverse()) await step()
  }, 60_000)

  it.each(killTour.map((stop) => [stop.fault, nameOf(stop), stop] as const))(
    'when a process is killed (%s) at %s',
    async (_fault, _name, stop) => {
      const finding = await visit(stack, stop)
      expect({ seed, failures: finding.failures }).toEqual({ seed, failures: [] })
      expect(finding.accepted).toBe(stack.client.intents.size)
      expect(finding.delivered).toBe(finding.accepted * stack.subscriptions.length)
    },
    300_000,
  )

  it('and none of it put a secret where it does not belong', async () => {
    expect(await checkCanaries(stack)).toEqual([])
  })
})

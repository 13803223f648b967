import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { deleteSubscription, deriveMasterKeys } from '@waybill/db'
import { queueBackends } from '@waybill/testing'
import { createSnapshot } from '../src/subscriptions/create-snapshot.ts'
import { openPipeline, yard, type Pipeline } from './support/pipeline.ts'

const dayMs = 86_400_000
const [backend] = queueBackends()
if (!backend) throw new Error('there is no queue backend')

describe('the subscriptions in memory', () => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  it('know a deleted one for as long as a plan may name it, and no longer', async () => {
    const now = { ms: 0 }
    const snapshot = createSnapshot({
      storage: { sql: p.sql },
      keys: deriveMasterKeys(Buffer.alloc(32, 3)),
      scheduleScale: 1,
      logger: { error: () => {} },
      monotonic: () => now.ms,
    })
    const read = async () => {
      const [config] = await p.sql<{ version: number }[]>`SELECT version FROM config`
      await snapshot.ensure(config?.version ?? 0)
    }
    const { id } = await p.subscribe('/deleted')
    const { id: other } = await p.subscribe('/other')
    await deleteSubscription(p.orm, 'test', yard, id)
    await read()
    now.ms = 14 * dayMs
    await p.subscribe('/new')
    await read()
    expect(snapshot.byId(id)?.deleted).toBe(true)
    now.ms += 1
    await p.subscribe('/newer')
    await read()
    expect(snapshot.byId(id)).toBeUndefined()
    expect(snapshot.byId(other)?.deleted).toBe(false)
  })
})

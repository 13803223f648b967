import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { queueBackends } from '@waybill/testing'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

describe.each(queueBackends())('a database that lost its last changes, on the $name queue', (backend) => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  const deliver = async () => {
    const trigger = await p.accept(aTrigger())
    p.wakeUps.fanOut(trigger)
    await p.settled(trigger)
    return p.receiver.requests.at(-1)?.path
  }

  it('has its subscriptions read anew, so that nothing goes where only the lost change said', async () => {
    const { id } = await p.subscribe('/stays')
    await p.startWorker()
    expect(await deliver()).toBe('/stays')
    await p.sql`INSERT INTO revisions (subscription, revision, name, url)
      VALUES (${id}, 2, 'lost', ${`${p.receiver.url}/lost`})`
    await p.sql`WITH raised AS (UPDATE config SET version = version + 1 RETURNING version)
      UPDATE subscriptions SET revision = 2, changed_version = raised.version FROM raised WHERE id = ${id}`
    expect(await deliver()).toBe('/lost')
    await p.sql`WITH lowered AS (UPDATE config SET version = version - 1 RETURNING version)
      UPDATE subscriptions SET revision = 1, changed_version = lowered.version FROM lowered WHERE id = ${id}`
    expect(await deliver()).toBe('/stays')
  })
})

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually, queueBackends } from '@waybill/testing'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

const backend = queueBackends()[0]
const tables = ['triggers', 'deliveries', 'attempts'] as const

describe('a worker that starts', () => {
  let p: Pipeline
  /** The first days of partitions that were made long ago. */
  let old: number[]
  beforeEach(async () => {
    if (!backend) throw new Error('there is no queue')
    p = await openPipeline(backend)
    const [row] = await p.sql<{ day: number }[]>`
      SELECT min(split_part(relname, '_', 2)::int) AS day FROM pg_class WHERE relname ~ '^deliveries_[0-9]+_[0-9]+$'`
    old = [80, 60, 40].map((days) => (row?.day ?? 0) - days)
    for (const day of old)
      for (const table of tables)
        await p.sql.unsafe(`CREATE TABLE ${table}_${day}_${day + 2} PARTITION OF ${table}
          FOR VALUES FROM (${day}00000000000) TO (${day + 2}00000000000)`)
  })
  afterEach(() => p.close())

  const left = async () => {
    const rows = await p.sql<{ name: string }[]>`
      SELECT relname AS name FROM pg_class
      WHERE relkind = 'r' AND split_part(relname, '_', 2) = ANY(${old.map(String)}::text[]) ORDER BY 1`
    return rows.map((row) => row.name)
  }
  const scrape = async (url: string) => await (await fetch(`${url}/metrics`)).text()

  it('removes what is too old, says what must stay, and goes on delivering', async () => {
    const { id } = await p.subscribe('/hook')
    const stuck = `${old[1]}00000000007`
    await p.sql`
      INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
      VALUES (${stuck}::bigint, ${id}::int, now() + interval '1 hour', now() + interval '1 day', 0, 1)`
    const worker = await p.startWorker()
    const kept = ['attempts', 'deliveries'].map((table) => `${table}_${old[1]}_${(old[1] ?? 0) + 2}`)
    await eventually(async () => (await left()).join() === kept.join())
    const metrics = await eventually(async () => {
      const text = await scrape(worker.metricsUrl)
      return text.includes('waybill_oldest_partition_days ') && !/oldest_partition_days 0/.test(text) && text
    })
    expect(metrics).toContain('waybill_partitions_dropped_total 7')
    expect(metrics).toMatch(/^waybill_oldest_partition_days 6[01]$/m)
    expect(metrics).toContain('waybill_retention_blocked_partitions{table="deliveries"} 1')
    expect(metrics).toContain('waybill_retention_blocked_partitions{table="triggers"} 0')
    const trigger = await p.accept(aTrigger())
    p.wakeUps.fanOut(trigger)
    await p.settled(trigger)
  })

  it('does so beside another one, and what either leaves half done is done by the next', async () => {
    const name = `deliveries_${old[0]}_${(old[0] ?? 0) + 2}`
    await p.sql.unsafe(`COMMENT ON TABLE ${name} IS 'waybill: history to be dropped'`)
    await p.sql.unsafe(`ALTER TABLE deliveries DETACH PARTITION ${name}`)
    const workers = await Promise.all([p.startWorker(), p.startWorker()])
    await eventually(async () => (await left()).length === 0)
    const dropped = async () => {
      const texts = await Promise.all(workers.map((worker) => scrape(worker.metricsUrl)))
      return texts.map((text) => Number(/^waybill_partitions_dropped_total (\d+)$/m.exec(text)?.[1]))
    }
    await eventually(async () => (await dropped()).reduce((sum, n) => sum + n) === 9)
  })
})

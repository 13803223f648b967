import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { storeTriggers, type AcceptEntry } from '@waybill/db'
import {
  aKey,
  anEntry,
  aTrigger,
  elsewhere,
  openFixture,
  sha256,
  waitForLockWait,
  type Fixture,
} from './support/fixture.ts'

describe('storing triggers', () => {
  let f: Fixture
  beforeAll(async () => (f = await openFixture()))
  afterAll(() => f.close())

  const store = (...entries: AcceptEntry[]) => storeTriggers(f.sql, entries, false)
  const count = async (table: 'triggers' | 'batches' | 'accept_keys') => {
    const [row] = await f.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM ${f.sql(table)}`
    return row?.n
  }

  it('gives the triggers of one entry numbers in a row and answers entries in the order asked', async () => {
    const { results } = await store(
      anEntry(),
      anEntry({ key: aKey('numbers'), triggers: [aTrigger({ orderId: 'a' }), aTrigger({ orderId: 'b' })] }),
    )
    const [first, second] = results
    if (first?.kind !== 'stored' || second?.kind !== 'stored') throw new Error('not stored')
    const rows = await f.sql<{ id: number; order_id: string }[]>`
      SELECT id, order_id FROM triggers WHERE id IN (${first.first}, ${second.first}, ${second.first + 1}) ORDER BY order_id`
    expect(rows.map((row) => row.id)).toEqual([first.first, second.first, second.first + 1])
  })

  it('keeps the posted text byte for byte', async () => {
    const data = '{ "b": 1.10, "a":9007199254740993, "t":"\\"q\\" \\\\ {},NULL \\u00e9 é 🚚" }'
    const { batch } = await store(anEntry({ triggers: [aTrigger({ data })] }))
    const [row] = await f.sql<{ data: string }[]>`SELECT data FROM triggers WHERE id = ${batch ?? 0}`
    expect(row?.data).toBe(data)
  })

  it('answers a repeated key with the first trigger and stores nothing', async () => {
    const first = await store(anEntry({ key: aKey('again') }))
    const before = [await count('triggers'), await count('batches')]
    const second = await store(anEntry({ key: aKey('again') }))
    expect(second.results[0]).toMatchObject({ kind: 'replayed', first: first.batch })
    expect(second.batch).toBeUndefined()
    expect([await count('triggers'), await count('batches')]).toEqual(before)
  })

  it('refuses a key that comes back with another body', async () => {
    await store(anEntry({ key: aKey('body', 'one') }))
    const { results } = await store(anEntry({ key: aKey('body', 'two') }))
    expect(results).toEqual([{ kind: 'key_reused' }])
  })

  it('keeps the keys of two integrations apart', async () => {
    const { results } = await store(
      anEntry({ key: aKey('scoped') }),
      anEntry({ integration: elsewhere, key: aKey('scoped') }),
    )
    expect(results.map((result) => result.kind)).toEqual(['stored', 'stored'])
  })

  it('lets one of two entries with the same key in one flush win', async () => {
    const { results } = await store(anEntry({ key: aKey('twin') }), anEntry({ key: aKey('twin') }))
    expect(results.map((result) => result.kind).sort()).toEqual(['replayed', 'stored'])
    const firsts = results.map((result) => ('first' in result ? result.first : 0))
    expect(firsts[0]).toBe(firsts[1])
  })

  it('marks every later trigger of an occurrence as a duplicate', async () => {
    const occurrence = sha256('occurrence-1')
    const { results } = await store(
      anEntry({ triggers: [aTrigger({ occurrence }), aTrigger({ occurrence })] }),
    )
    const later = await store(anEntry({ triggers: [aTrigger({ occurrence })] }))
    if (results[0]?.kind !== 'stored') throw new Error('not stored')
    const rows = await f.sql<{ duplicate: boolean }[]>`
      SELECT duplicate FROM triggers WHERE occurrence = ${occurrence} ORDER BY id`
    expect(rows.map((row) => row.duplicate)).toEqual([false, true, true])
    expect(later.batch).toBeDefined()
  })

  it('does not spend an occurrence on an entry that lost its key', async () => {
    await store(anEntry({ key: aKey('loser') }))
    const occurrence = sha256('occurrence-2')
    await store(anEntry({ key: aKey('loser'), triggers: [aTrigger({ occurrence })] }))
    const { batch } = await store(anEntry({ triggers: [aTrigger({ occurrence })] }))
    const [row] = await f.sql<
      { duplicate: boolean }[]
    >`SELECT duplicate FROM triggers WHERE id = ${batch ?? 0}`
    expect(row?.duplicate).toBe(false)
  })

  it('survives flushes with the same keys in opposite order without a deadlock, each key stored once', async () => {
    const rounds = 60
    const before = (await count('triggers')) ?? 0
    for (let round = 0; round < rounds; round += 1) {
      const entries = Array.from({ length: 20 }, (_, i) => anEntry({ key: aKey(`race-${round}-${i}`) }))
      const answers = await Promise.all([
        store(...entries),
        store(...[...entries].reverse()),
        store(...[...entries].sort(() => (round % 2 ? 1 : -1))),
      ])
      const firsts = answers.map(({ results }, i) => {
        const inOrder = i === 1 ? [...results].reverse() : results
        return inOrder.map((result) => ('first' in result ? result.first : -1))
      })
      expect(firsts[1]).toEqual(firsts[0])
    }
    expect(await count('triggers')).toBe(before + rounds * 20)
  })

  it('waits for a winner that has not committed and then answers from its row', async () => {
    let loser: Promise<Awaited<ReturnType<typeof store>>> | undefined
    const winner = await f.sql.begin(async (tx) => {
      const stored = await storeTriggers(tx, [anEntry({ key: aKey('slow') })], false)
      loser = store(anEntry({ key: aKey('slow') }))
      await waitForLockWait(f)
      return stored
    })
    const answer = await loser
    expect(answer?.results[0]).toMatchObject({ kind: 'replayed', first: winner.batch })
  })

  it('knows nothing of an entry whose key was purged meanwhile, and tells of its stored neighbours', async () => {
    await store(anEntry({ key: aKey('purged') }))
    await f.sql`
      CREATE FUNCTION purge() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN DELETE FROM accept_keys WHERE key = decode(''${f.sql.unsafe(aKey('purged').hash.toString('hex'))}'', ''hex''); RETURN NULL; END'`
    await f.sql`CREATE TRIGGER purge AFTER INSERT ON batches FOR EACH STATEMENT EXECUTE FUNCTION purge()`
    const { batch, results } = await store(anEntry({ key: aKey('purged') }), anEntry())
    await f.sql`DROP TRIGGER purge ON batches`
    expect(results).toMatchObject([{ kind: 'unknown' }, { kind: 'stored' }])
    expect(batch).toBeDefined()
  })

  it('takes over the key of a winner that rolled back', async () => {
    let loser: Promise<Awaited<ReturnType<typeof store>>> | undefined
    await f.sql
      .begin(async (tx) => {
        await storeTriggers(tx, [anEntry({ key: aKey('rolled-back') })], false)
        loser = store(anEntry({ key: aKey('rolled-back') }))
        await waitForLockWait(f)
        throw new Error('roll back')
      })
      .catch(() => undefined)
    expect((await loser)?.results[0]?.kind).toBe('stored')
  })
})

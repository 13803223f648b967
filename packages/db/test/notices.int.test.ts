import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { claimNotices, listNotices, recordMailFailure, settleNotice, type ClaimedNotice } from '@waybill/db'
import { elsewhere, openFixture, yard, type Fixture } from './support/fixture.ts'

const all = { limit: 10, leaseMs: 60_000 }

describe('notices', () => {
  let f: Fixture
  beforeAll(async () => (f = await openFixture()))
  beforeEach(async () => void (await f.sql`DELETE FROM notices`))
  afterAll(() => f.close())

  const leave = async (ref: string, integration: number = yard, kind = 'delivery_failing') => {
    const [row] = await f.sql<{ id: number }[]>`
      INSERT INTO notices (kind, ref, integration, details)
      VALUES (${kind}, ${ref}, ${integration}::int, '{"subscription": 1}') RETURNING id`
    return row?.id ?? 0
  }
  const claimOne = async (): Promise<ClaimedNotice> => {
    const [claimed] = await claimNotices(f.sql, all)
    if (!claimed) throw new Error('nothing is due')
    return claimed
  }
  const makeDue = () => f.sql`UPDATE notices SET next_try_at = now() - interval '1 second'`
  const list = (filter = {}) => listNotices(f.sql, { integrations: [yard], ...filter }, 10)

  it('are claimed by one worker at a time, and again once the lease is over', async () => {
    const ids = await Promise.all(['a', 'b', 'c'].map((ref) => leave(ref)))
    const claims = await Promise.all([claimNotices(f.sql, { ...all, limit: 2 }), claimNotices(f.sql, all)])
    expect(new Set(claims.flat().map(({ id }) => id))).toEqual(new Set(ids))
    expect(claims.flat()).toHaveLength(3)
    expect(await claimNotices(f.sql, all)).toEqual([])
    await makeDue()
    expect((await claimNotices(f.sql, all)).map(({ tries }) => tries)).toEqual([2, 2, 2])
  })

  it('are settled only by the claim that was the last', async () => {
    await leave('a')
    const late = await claimOne()
    await makeDue()
    const mine = await claimOne()
    expect(await settleNotice(f.sql, late, { kind: 'told', note: null })).toBe(false)
    expect((await list())[0]?.toldAt).toBeNull()
    expect(await settleNotice(f.sql, mine, { kind: 'told', note: null })).toBe(true)
    expect((await list())[0]).toMatchObject({ toldAt: expect.any(Date), note: null })
  })

  it('come back when they are put off, and with another word never', async () => {
    await leave('a')
    await settleNotice(f.sql, await claimOne(), { kind: 'later', delayMs: 0, note: 'not yet' })
    expect((await list())[0]).toMatchObject({ toldAt: null, note: 'not yet' })
    await settleNotice(f.sql, await claimOne(), { kind: 'later', delayMs: 60_000, note: 'not yet' })
    expect(await claimNotices(f.sql, all)).toEqual([])
    await makeDue()
    await settleNotice(f.sql, await claimOne(), { kind: 'never', note: 'mails are off' })
    expect(await claimNotices(f.sql, all)).toEqual([])
    expect((await list())[0]).toMatchObject({ toldAt: null, note: 'mails are off' })
  })

  it('that are given up leave one for operators, which nobody claims', async () => {
    await leave('a')
    const claimed = await claimOne()
    await settleNotice(f.sql, claimed, { kind: 'given-up', note: 'given up', code: 'smtp_rejected' })
    const [failed, given] = await list()
    expect(given).toMatchObject({ toldAt: null, note: 'given up' })
    expect(failed).toMatchObject({
      kind: 'mail_failed',
      integration: yard,
      details: { subscription: 1, notice: 'delivery_failing', code: 'smtp_rejected' },
    })
    expect(await claimNotices(f.sql, all)).toEqual([])
  })

  it('of mails that failed within a call are read back and never claimed', async () => {
    await recordMailFailure(f.sql, yard, 'r-1', { key: 'crm', code: 'mails_off' })
    expect(await claimNotices(f.sql, all)).toEqual([])
    expect(await list()).toMatchObject([{ kind: 'mail_failed', details: { key: 'crm', code: 'mails_off' } }])
  })

  it('are listed newest first, by kind, page after page, within the integrations asked for', async () => {
    const [a, b, c] = [await leave('a'), await leave('b', yard, 'delivery_given_up'), await leave('c')]
    await leave('d', elsewhere)
    expect((await list()).map(({ id }) => id)).toEqual([c, b, a])
    expect((await list({ before: c })).map(({ id }) => id)).toEqual([b, a])
    expect((await list({ kinds: ['delivery_given_up'] })).map(({ id }) => id)).toEqual([b])
    expect(await list({ integrations: [] })).toEqual([])
  })
})

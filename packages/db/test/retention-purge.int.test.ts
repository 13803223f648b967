import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  purgeAcceptKeys,
  purgeAuditLog,
  purgeNotices,
  purgeSecrets,
  purgeSessions,
  purgeSubscriptions,
  type Sql,
} from '@waybill/db'
import { openFixture, yard, type Fixture } from './support/fixture.ts'
import { addOld, idOf, makeDue, today } from './support/old-history.ts'

describe('rows that are too old', () => {
  let f: Fixture
  beforeAll(async () => (f = await openFixture()))
  afterAll(() => f.close())
  beforeEach(async () => {
    await f.sql`TRUNCATE accept_keys, notices, audit_log, sessions, batches, due, triggers, deliveries, attempts`
  })

  const texts = async (sql: Sql, table: string, column: string) => {
    const rows = await sql<{ text: string }[]>`
      SELECT ${sql(column)}::text AS text FROM ${sql(table)} ORDER BY 1`
    return rows.map((row) => row.text)
  }

  it('are idempotency keys after 7 days and occurrences after the 30 of history, and no younger ones', async () => {
    await f.sql`
      INSERT INTO accept_keys (integration, kind, key, trigger, created_at)
      SELECT 12, kind, convert_to(kind || '/' || hours, 'UTF8'), 1, now() - hours * interval '1 hour'
      FROM unnest(ARRAY[1, 2]) AS kind, unnest(ARRAY[1, 167, 169, 719, 721]) AS hours`
    expect(await purgeAcceptKeys(f.sql)).toBe(4)
    expect(await purgeAcceptKeys(f.sql)).toBe(0)
    const left = await f.sql<
      { key: string }[]
    >`SELECT convert_from(key, 'UTF8') AS key FROM accept_keys ORDER BY 1`
    expect(left.map((row) => row.key)).toEqual(['1/1', '1/167', '2/1', '2/167', '2/169', '2/719'])
  })

  it('are keys by the ten thousand, all of them', async () => {
    await f.sql`
      INSERT INTO accept_keys (integration, kind, key, trigger, created_at)
      SELECT 12, 1, convert_to(i::text, 'UTF8'), i, now() - (CASE WHEN i % 10 = 0 THEN 1 ELSE 8 END) * interval '1 day'
      FROM generate_series(1, 60000) AS i`
    let purged = 0
    for (let n = -1; n !== 0; purged += n) n = await purgeAcceptKeys(f.sql)
    expect(purged).toBe(54_000)
    expect(await f.sql`SELECT FROM accept_keys`).toHaveLength(6_000)
  })

  it('are notices that were told or never will be, a few at a time', async () => {
    await f.sql`INSERT INTO batches (id, first_trigger, n, v, quarantined_at) VALUES (5, 5, 1, 1, now())`
    await f.sql`
      INSERT INTO notices (kind, ref, details, created_at, sent_at, next_try_at) VALUES
        ('a', 'told', '{}', now() - interval '31 days', now(), now()),
        ('a', 'never', '{}', now() - interval '31 days', NULL, 'infinity'),
        ('a', 'untold', '{}', now() - interval '31 days', NULL, now()),
        ('a', 'young', '{}', now() - interval '29 days', now(), now()),
        ('batch_quarantined', '5.12', '{}', now() - interval '31 days', now(), now()),
        ('batch_quarantined', '6.12', '{}', now() - interval '31 days', now(), now())`
    expect([
      await purgeNotices(f.sql, 2),
      await purgeNotices(f.sql, 2),
      await purgeNotices(f.sql, 2),
    ]).toEqual([2, 1, 0])
    expect(await texts(f.sql, 'notices', 'ref')).toEqual(['5.12', 'untold', 'young'])
  })

  it('are audit lines about deliveries, not about the configuration', async () => {
    await f.sql`
      INSERT INTO audit_log (at, actor, action, target, details)
      SELECT now() - age * interval '1 day', 'x', action, age || ' ' || action, '{}'
      FROM unnest(ARRAY[29, 31]) AS age,
        unnest(ARRAY['delivery.redelivered', 'delivery.ignored', 'subscription.updated']) AS action`
    expect(await purgeAuditLog(f.sql, 100)).toBe(2)
    expect(await texts(f.sql, 'audit_log', 'target')).toEqual([
      '29 delivery.ignored',
      '29 delivery.redelivered',
      '29 subscription.updated',
      '31 subscription.updated',
    ])
  })

  it('are sessions that ended, not those that are remembered', async () => {
    await f.sql`
      INSERT INTO users (email, roles, integrations, changed_version) VALUES ('a@b.test', '{}', '{}', 1)`
    await f.sql`
      INSERT INTO sessions (user_id, hash, application, remembered, created_at, used_at, ended_at)
      SELECT users.id, convert_to(name, 'UTF8'), name, remembered, now() - made * interval '1 day', now() - made * interval '1 day',
        now() - ended * interval '1 day'
      FROM users, (VALUES ('ended', true, 90, 31), ('just ended', true, 90, 29), ('remembered', true, 900, NULL),
        ('over', false, 38, NULL), ('just over', false, 36, NULL)) AS s(name, remembered, made, ended)`
    expect(await purgeSessions(f.sql, 100)).toBe(2)
    expect(await texts(f.sql, 'sessions', 'application')).toEqual(['just ended', 'just over', 'remembered'])
  })

  it('are secrets that ran out long ago', async () => {
    const { id } = await f.subscribe({ key: 'secrets' })
    await f.sql`
      INSERT INTO secrets (subscription, ciphertext, key_id, expires_at)
      SELECT ${id}::int, '', name, now() - days * interval '1 day' FROM (VALUES ('old', 31), ('late', 29)) AS s(name, days)`
    expect(await purgeSecrets(f.sql, 100)).toBe(1)
    const kept = await f.sql<{ key_id: string }[]>`
      SELECT key_id FROM secrets WHERE subscription = ${id}::int AND expires_at IS NOT NULL`
    expect(kept).toEqual([{ key_id: 'late' }])
  })

  it('are what deleted subscriptions leave, once nothing of theirs is kept', async () => {
    const made = []
    for (const key of ['gone', 'lately', 'shown', 'due', 'living']) made.push(await f.subscribe({ key }))
    const [gone, lately, shown, due] = made.map((one) => one.id)
    await f.sql`
      UPDATE subscriptions SET deleted_at = now() - (CASE WHEN id = ${lately ?? 0}::int THEN 30 ELSE 32 END) * interval '1 day'
      WHERE key IN ('gone', 'lately', 'shown', 'due')`
    const day = await today(f.sql)
    await addOld(f.sql, yard, { trigger: idOf(day, 1), delivery: idOf(day, 2) }, shown)
    await makeDue(f.sql, idOf(day, 3), due)
    const rowsOf = async (id = 0) => {
      const [row] =
        await f.sql`SELECT (SELECT count(*)::int FROM revisions WHERE subscription = ${id}::int) AS revisions,
        (SELECT count(*)::int FROM secrets WHERE subscription = ${id}::int) AS secrets,
        (SELECT count(*)::int FROM subscriptions WHERE id = ${id}::int) AS itself`
      return row
    }

    await f.sql`INSERT INTO batches (id, first_trigger, n, v, created_at) VALUES (5, 5, 1, 1, now() - interval '40 days')`
    expect(await purgeSubscriptions(f.sql, 100)).toBe(0)
    await f.sql`DELETE FROM batches`
    expect(await purgeSubscriptions(f.sql, 100)).toBe(1)
    expect(await purgeSubscriptions(f.sql, 100)).toBe(0)
    expect(await rowsOf(gone)).toEqual({ revisions: 0, secrets: 0, itself: 1 })
    for (const one of made.slice(1))
      expect(await rowsOf(one.id)).toEqual({ revisions: 1, secrets: 1, itself: 1 })
  })
})

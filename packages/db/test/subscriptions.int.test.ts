import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  checkMasterKey,
  createToken,
  deactivateSubscription,
  deleteSubscription,
  deriveMasterKeys,
  findPrincipal,
  findRevisionView,
  findSubscription,
  hashToken,
  listSubscriptions,
  loadSubscriptions,
  openSecret,
  revokeToken,
  sealSecret,
  updateSubscription,
  type SubscriptionFilters,
} from '@waybill/db'
import { asSubscriptionId, profileCode } from '@waybill/domain'
import { elsewhere, openFixture, yard, type Fixture } from './support/fixture.ts'

describe('subscriptions and tokens', () => {
  let f: Fixture
  beforeAll(async () => (f = await openFixture()))
  afterAll(() => f.close())

  it('are made with a revision and sealed secrets, and loaded with them open', async () => {
    const made = await f.subscribe({ key: 'sealed', secrets: [Buffer.alloc(32, 9)] })
    const { changed } = await loadSubscriptions(f.sql, f.keys, 0)
    const loaded = changed.find((one) => one.id === made.id)
    expect(loaded).toMatchObject({ revision: 1, url: made.url, state: 'active', deleted: false })
    expect(loaded?.secrets).toEqual([Buffer.alloc(32, 9)])
    const [row] = await f.sql`SELECT ciphertext FROM secrets WHERE subscription = ${made.id}`
    expect(Buffer.from(row?.['ciphertext'] as Buffer).includes(Buffer.alloc(32, 9))).toBe(false)
  })

  it('keep a key for one living subscription of an integration', async () => {
    const made = await f.subscribe({ key: 'unique' })
    await expect(f.subscribe({ key: 'unique' })).rejects.toThrow('the key is taken')
    await deleteSubscription(f.orm, 'test', yard, made.id)
    expect((await f.subscribe({ key: 'unique' })).id).not.toBe(made.id)
  })

  it('raise the config version with every change and load only what changed since', async () => {
    const one = await f.subscribe({ key: 'one' })
    const before = await loadSubscriptions(f.sql, f.keys, 0)
    await updateSubscription(f.orm, 'test', yard, one.id, { state: 'paused' })
    const after = await loadSubscriptions(f.sql, f.keys, before.version)
    expect(after.version).toBeGreaterThan(before.version)
    expect(after.changed.map((changed) => [changed.id, changed.state])).toEqual([[one.id, 'paused']])
  })

  it('tell of a deleted subscription, so that it is forgotten', async () => {
    const gone = await f.subscribe({ key: 'gone' })
    const { version } = await loadSubscriptions(f.sql, f.keys, 0)
    await deleteSubscription(f.orm, 'test', yard, gone.id)
    const { changed } = await loadSubscriptions(f.sql, f.keys, version)
    expect(changed).toMatchObject([{ id: gone.id, deleted: true }])
    expect(await findSubscription(f.orm, yard, gone.id)).toBeUndefined()
    expect(await deleteSubscription(f.orm, 'test', yard, gone.id)).toBe(false)
  })

  it('make a revision only when name, URL or view change, and keep the older ones', async () => {
    const made = await f.subscribe({ key: 'revised', view: null })
    const same = await updateSubscription(f.orm, 'test', yard, made.id, { timeoutMs: 5_000, url: made.url })
    expect(same).toMatchObject({ revision: 1, timeoutMs: 5_000 })
    const revised = await updateSubscription(f.orm, 'test', yard, made.id, { view: 'raw' })
    expect(revised).toMatchObject({ revision: 2, view: 'raw' })
    expect(await findRevisionView(f.sql, made.id, 1)).toEqual({ view: null })
  })

  it('are changed as they are when the change is made, not as they were read', async () => {
    const { id } = await f.subscribe({ key: 'counted', timeoutMs: 1_000 })
    const addOne = () =>
      updateSubscription(f.orm, 'test', yard, id, (before) =>
        before.timeoutMs < 1_008 ? { timeoutMs: before.timeoutMs + 1 } : 'enough',
      )
    const answers = await Promise.all(Array.from({ length: 10 }, addOne))
    expect(answers.filter((answer) => answer === 'enough')).toHaveLength(2)
    expect(await findSubscription(f.orm, yard, id)).toMatchObject({ timeoutMs: 1_008 })
  })

  it('stay as they are after a change that is empty or refused', async () => {
    const { id } = await f.subscribe({ key: 'kept' })
    const before = await findSubscription(f.orm, yard, id)
    expect(await updateSubscription(f.orm, 'test', yard, id, () => 'no')).toBe('no')
    expect(await updateSubscription(f.orm, 'test', yard, id, {})).toEqual(before)
    expect(await findSubscription(f.orm, yard, id)).toEqual(before)
    const [row] = await f.sql`
      SELECT count(*)::int AS n FROM audit_log WHERE action = 'subscription.updated' AND target = ${String(id)}`
    expect(row).toEqual({ n: 0 })
  })

  it('are listed by profile and by audience', async () => {
    const of = (key: string, filters: SubscriptionFilters) =>
      f.subscribe({ key, profile: profileCode('nursa'), filters })
    const [bare, facility, user] = [
      await of('bare', {}),
      await of('facility', { audience: 'facility' }),
      await of('user', { audience: 'user' }),
    ]
    const list = async (narrowed: { profile?: number; audience?: 'facility' | 'user' }) =>
      (await listSubscriptions(f.orm, [yard], { after: undefined, limit: 100, ...narrowed })).map(
        ({ id }) => id,
      )
    const profile = profileCode('nursa')
    expect(await list({ profile })).toEqual([bare.id, facility.id, user.id])
    expect(await list({ profile, audience: 'facility' })).toEqual([bare.id, facility.id])
    expect(await list({ profile, audience: 'user' })).toEqual([user.id])
    expect((await list({})).length).toBeGreaterThan(3)
  })

  it('belong to their integration: another one can neither read nor change them', async () => {
    const made = await f.subscribe({ key: 'mine' })
    expect(await findSubscription(f.orm, elsewhere, made.id)).toBeUndefined()
    expect(await updateSubscription(f.orm, 'test', elsewhere, made.id, { name: 'x' })).toBeUndefined()
    expect(await deleteSubscription(f.orm, 'test', elsewhere, made.id)).toBe(false)
  })

  it('become inactive once, with a notice', async () => {
    const made = await f.subscribe({ key: 'dead' })
    const answers = await Promise.all([1, 2].map(() => deactivateSubscription(f.orm, made.id, 'gone')))
    expect(answers.filter(Boolean)).toHaveLength(1)
    const notices = await f.sql`SELECT details FROM notices WHERE kind = 'subscription_deactivated'`
    expect(notices.map((notice) => notice['details'])).toEqual([{ subscription: made.id, reason: 'gone' }])
  })

  it('find the principal of a living token only, by its hash', async () => {
    const { id, token } = await createToken(f.orm, 'orders', [yard, elsewhere])
    expect(await findPrincipal(f.orm, hashToken(token))).toMatchObject({
      tokenId: id,
      integrations: new Set([yard, elsewhere]),
    })
    const [row] = await f.sql`SELECT hint FROM tokens WHERE id = ${id}`
    expect(row?.['hint']).toHaveLength(8)
    expect(await revokeToken(f.orm, id)).toBe(true)
    expect(await findPrincipal(f.orm, hashToken(token))).toBeUndefined()
    expect(await findPrincipal(f.orm, hashToken('wbt_other'))).toBeUndefined()
  })

  it('refuse a database that was made with another master key', async () => {
    await checkMasterKey(f.sql, f.keys)
    await checkMasterKey(f.sql, f.keys)
    await expect(checkMasterKey(f.sql, deriveMasterKeys(Buffer.alloc(32, 2)))).rejects.toThrow(
      'another WAYBILL_MASTER_KEY',
    )
  })

  it('open a sealed secret only with its key and for its subscription', () => {
    const [five, six] = [asSubscriptionId(5), asSubscriptionId(6)]
    const sealed = sealSecret(f.keys, five, Buffer.from('canary'))
    expect(openSecret(f.keys, five, sealed).toString()).toBe('canary')
    expect(() => openSecret(f.keys, six, sealed)).toThrow()
    expect(() => openSecret(deriveMasterKeys(Buffer.alloc(32, 2)), five, sealed)).toThrow()
  })
})

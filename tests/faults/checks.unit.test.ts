import { describe, expect, it } from '@jest/globals'
import { checkAttempts } from './support/checks/check-attempts.ts'
import { checkCalls } from './support/checks/check-calls.ts'
import { checkDuplicates } from './support/checks/check-duplicates.ts'
import { checkGaps, type GapRules } from './support/checks/check-gaps.ts'
import { checkNothingLost, checkTruth } from './support/checks/check-ledgers.ts'
import { excusedRequests, sumOf } from './support/checks/excused-requests.ts'
import type { Ledgers, StoredAttempt } from './support/checks/read-ledgers.ts'
import type { Call } from './support/call-once.ts'
import type { Intent } from './support/fault-client.ts'
import type { ReceivedLine } from './support/receiver-types.ts'

const intent = (changes: Partial<Intent> = {}): Intent => ({
  key: 'k1',
  order: 'o1',
  facility: undefined,
  body: '{}',
  state: 'accepted',
  ids: new Set(['t1']),
  ...changes,
})
const line = (changes: Partial<ReceivedLine> = {}): ReceivedLine => ({
  at: 0,
  mono: 0,
  id: 'd1',
  path: '/',
  n: 1,
  hash: 'h',
  signatures: 1,
  signed: true,
  timestamp: 0,
  status: 200,
  order: 'o1',
  ...changes,
})
const attempt = (changes: Partial<StoredAttempt> = {}): StoredAttempt => ({
  uuid: 'd1',
  n: 1,
  generation: 1,
  code: 200,
  err: null,
  sentAtMs: 0,
  ms: 0,
  ...changes,
})
const delivery = { uuid: 'd1', trigger: 1, subscription: 7, err: null, acceptedAtMs: 0 }
const subscriptions = [{ id: 7 }]

/** One trigger, delivered once. */
const good = (): Ledgers => ({
  intents: [intent()],
  subscriptions: [],
  triggers: new Map([['o1', [1]]]),
  triggerOf: (uuid) => (uuid === 't1' ? 1 : 0),
  deliveries: [{ ...delivery, status: 'delivered' }],
  attempts: [attempt()],
  received: [line()],
  deaths: [],
})

const nothing = { byId: new Map<string, number>() }
const inTime: GapRules = { gapsMs: [100], slackMs: 1_000, awayMs: () => 0 }

/** Each answered so, one after the other, `gapMs` from one arrival to the next. */
const answered = (gapMs: number, ...codes: number[]): Pick<Ledgers, 'attempts' | 'received'> => ({
  received: codes.map((status, i) => line({ status, n: i + 1, mono: i * gapMs, at: i * gapMs })),
  attempts: codes.map((code, i) => attempt({ code, n: i + 1 })),
})

describe('the checks', () => {
  it('find nothing wrong with one trigger that was delivered once', () => {
    const ledgers = good()
    expect([
      ...checkNothingLost(ledgers, subscriptions),
      ...checkTruth(ledgers),
      ...checkDuplicates(ledgers, nothing),
      ...checkAttempts(ledgers, nothing, 13),
      ...checkGaps(ledgers, inTime),
    ]).toEqual([])
  })

  it.each<[string, string, Partial<Ledgers>]>([
    ['was accepted and is not stored', 'C1 accepted and not stored', { triggers: new Map() }],
    ['was stored twice', 'I3 one order, several triggers', { triggers: new Map([['o1', [1, 2]]]) }],
    ['has no delivery', 'C1 stored without its delivery', { deliveries: [] }],
    [
      'is still pending',
      'C1 neither delivered nor given up',
      { deliveries: [{ ...delivery, status: 'pending' }] },
    ],
    [
      'failed without a reason',
      'C1 neither delivered nor given up',
      { deliveries: [{ ...delivery, status: 'failed' }] },
    ],
    [
      'was refused and is stored',
      'I3 refused and stored',
      { intents: [intent({ state: 'rejected', ids: new Set() })] },
    ],
    ['was told two ids', 'I3 one key, several ids', { intents: [intent({ ids: new Set(['t1', 't2']) })] }],
    [
      'was received and is known to nobody',
      'I3 received, known to nobody',
      { received: [line(), line({ id: 'ghost' })] },
    ],
  ])('tell when a trigger %s', (_what, told, changes) => {
    expect(checkNothingLost({ ...good(), ...changes }, subscriptions)).toContainEqual(
      expect.stringContaining(told),
    )
  })

  it('tell when a trigger went to a subscription it is not for, and when not to the one it is for', () => {
    const elsewhere = [{ id: 7, facilities: ['elsewhere'] }]
    expect(checkNothingLost(good(), elsewhere)).toHaveLength(1)
    const there = { ...good(), intents: [intent({ facility: 'elsewhere' })] }
    expect(checkNothingLost(there, elsewhere)).toEqual([])
    expect(checkNothingLost({ ...there, deliveries: [] }, elsewhere)).toHaveLength(2)
  })

  it('tell when what is delivered never arrived, or the other way round', () => {
    expect(checkTruth({ ...good(), received: [line({ status: 500 })] })).toHaveLength(1)
    const failed = { ...delivery, status: 'failed' as const, err: 'exhausted' }
    expect(checkTruth({ ...good(), deliveries: [failed] })).toHaveLength(1)
  })

  it('count duplicates, other bytes and missing signatures', () => {
    const twice = { ...good(), received: [line(), line({ n: 2 })] }
    expect(checkDuplicates(twice, nothing)).toHaveLength(1)
    expect(checkDuplicates(twice, { byId: new Map([['d2', 1]]) })).toHaveLength(1)
    expect(checkDuplicates(twice, { byId: new Map([['d1', 1]]) })).toEqual([])
    expect(checkDuplicates(twice, { total: 0 })).toHaveLength(1)
    expect(checkDuplicates(twice, { total: 1 })).toEqual([])
    const other = [line(), line({ hash: 'other', status: 500 })]
    expect(checkDuplicates({ ...good(), received: other }, nothing)).toHaveLength(1)
    expect(checkDuplicates({ ...good(), received: [line({ signed: false })] }, nothing)).toHaveLength(1)
  })

  it('tell requests without an attempt, and attempts without a request', () => {
    expect(checkAttempts({ ...good(), attempts: [] }, nothing, 13)).toHaveLength(1)
    expect(checkAttempts({ ...good(), attempts: [] }, { total: 0 }, 13)).toHaveLength(1)
    expect(checkAttempts({ ...good(), received: [] }, nothing, 13)).toHaveLength(1)
    const otherCode = { ...good(), attempts: [attempt({ code: 500 })] }
    expect(checkAttempts(otherCode, nothing, 13)).toHaveLength(2)
  })

  it('tell attempts that are missing, that are there twice, and that are too many', () => {
    const numbered = (...numbers: number[]) => ({
      ...good(),
      attempts: numbers.map((n) => attempt({ n, code: null, err: 'timeout' })),
      received: [],
    })
    expect(checkAttempts(numbered(1, 2, 3), nothing, 13)).toEqual([])
    expect(checkAttempts(numbered(1, 3), nothing, 13)).toHaveLength(1)
    expect(checkAttempts(numbered(1, 1), nothing, 13)).toHaveLength(1)
    expect(checkAttempts(numbered(...Array.from({ length: 7 }, (_, i) => i + 1)), nothing, 1)).toHaveLength(1)
  })
})

describe('excusedRequests', () => {
  const late = (at: number, status = 200): Ledgers => ({
    ...good(),
    attempts: [],
    received: [line({ at, status })],
    deaths: [{ app: 'worker', atMs: 10_000 }],
  })

  it('excuses what came shortly before a worker died and nobody recorded, and nothing else', () => {
    expect(sumOf(excusedRequests(late(9_000), 2_000).good)).toBe(1)
    expect(sumOf(excusedRequests(late(10_100), 2_000).good)).toBe(1)
    expect(sumOf(excusedRequests(late(7_000), 2_000).all)).toBe(0)
    expect(sumOf(excusedRequests(late(13_000), 2_000).all)).toBe(0)
    expect(sumOf(excusedRequests({ ...late(9_000), attempts: [attempt()] }, 2_000).all)).toBe(0)
  })

  it('tells what may be delivered again from what may only be missing', () => {
    expect(sumOf(excusedRequests(late(9_000, 500), 2_000).all)).toBe(1)
    expect(sumOf(excusedRequests(late(9_000, 500), 2_000).good)).toBe(0)
  })

  it('excuses nothing where no worker died', () => {
    expect(sumOf(excusedRequests({ ...late(9_000), deaths: [] }, 2_000).all)).toBe(0)
    const api: Ledgers = { ...late(9_000), deaths: [{ app: 'api', atMs: 10_000 }] }
    expect(sumOf(excusedRequests(api, 2_000).all)).toBe(0)
  })

  it('excuses one request of two, when the other was recorded', () => {
    const twice = {
      ...late(9_000),
      received: [line({ at: 9_000 }), line({ at: 12_000 })],
      attempts: [attempt()],
    }
    expect(sumOf(excusedRequests(twice, 2_000).good)).toBe(1)
    expect(checkDuplicates(twice, { byId: excusedRequests(twice, 2_000).good })).toEqual([])
    const thrice = { ...twice, received: [...twice.received, line({ at: 20_000 })] }
    expect(checkDuplicates(thrice, { byId: excusedRequests(thrice, 2_000).good })).toHaveLength(1)
  })
})

describe('checkGaps', () => {
  const judged = (changes: Partial<Ledgers>, rules: Partial<GapRules> = {}) =>
    checkGaps({ ...good(), ...changes }, { ...inTime, ...rules })

  it('tells an attempt that came too early', () => {
    expect(judged(answered(50, 500, 200))).toHaveLength(1)
    expect(judged(answered(100, 500, 200))).toEqual([])
    // The second gap of the schedule counts from the second failure on.
    expect(judged(answered(100, 500, 500, 200), { gapsMs: [100, 300] })).toHaveLength(1)
  })

  it('tells one that came too late, unless nobody could send or the one before it took so long', () => {
    expect(judged(answered(1_121, 500, 200))).toHaveLength(1)
    expect(judged(answered(1_120, 500, 200))).toEqual([])
    expect(judged(answered(2_000, 500, 200), { awayMs: () => 900 })).toEqual([])
    const slow = answered(2_000, 500, 200)
    expect(judged({ ...slow, attempts: slow.attempts.map((one) => ({ ...one, ms: 900 })) })).toEqual([])
  })

  it('asks nothing of what a person asked for, nor of what a death left unrecorded', () => {
    const again = answered(5_000, 500, 200)
    const [first, second] = again.attempts
    if (!first || !second) throw new Error('there are two')
    expect(judged({ ...again, attempts: [first, { ...second, generation: 2 }] })).toEqual([])
    expect(judged({ ...again, attempts: [second] })).toEqual([])
  })

  it('counts requests that were not answered', () => {
    const { received, attempts } = answered(50, 0, 200)
    const hung = attempts.map((one) => (one.code === 0 ? { ...one, code: null, err: 'timeout' } : one))
    expect(judged({ received, attempts: hung })).toHaveLength(1)
    // A network that held the first one back lets both arrive together.
    const sentAt = (...times: number[]) => hung.map((one, i) => ({ ...one, sentAtMs: times[i] ?? null }))
    expect(judged({ received, attempts: sentAt(0, 50) })).toHaveLength(1)
    expect(judged({ received, attempts: sentAt(0, 5_100) })).toEqual([])
  })
})

describe('checkCalls', () => {
  const call = (changes: Partial<Call>): Call => ({
    status: 202,
    ms: 5,
    at: 0,
    retryAfter: false,
    problem: false,
    ...changes,
  })
  const busy = call({ status: 503, retryAfter: true, problem: true })

  it('accepts a 202, and a 503 that says when to come back where one is allowed', () => {
    expect(checkCalls([call({}), busy], { unavailable: true })).toEqual([])
    expect(checkCalls([busy])).toHaveLength(1)
  })

  it.each<[string, Partial<Call>]>([
    ['a slow answer', { ms: 3_000 }],
    ['a slow 503', { ...busy, ms: 3_000 }],
    ['a call that timed out', { status: 0, error: 'TimeoutError', ms: 15_000 }],
    ['a connection that broke after hanging', { status: 0, error: 'ECONNRESET', ms: 3_000 }],
    ['a bare 503', { status: 503, problem: true }],
    ['a 503 that is no problem', { status: 503, retryAfter: true }],
    ['a bare 429', { status: 429 }],
    ['a 500', { status: 500 }],
    ['a 404', { status: 404 }],
  ])('refuses %s', (_what, changes) => {
    expect(checkCalls([call(changes)], { unavailable: true, cut: true })).toHaveLength(1)
  })

  it('refuses a connection that broke where none was cut', () => {
    const cut = call({ status: 0, error: 'ECONNRESET' })
    expect(checkCalls([cut], { cut: true })).toEqual([])
    expect(checkCalls([cut])).toHaveLength(1)
  })

  it('lets other calls be answered in their own ways, but for an error of ours', () => {
    expect(checkCalls([call({ status: 204 }), call({ status: 404 })], { others: true })).toEqual([])
    expect(checkCalls([call({ status: 500 })], { others: true })).toHaveLength(1)
  })
})

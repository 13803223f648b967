import { describe, expect, it } from '@jest/globals'
import { checkCalls } from './support/checks/check-calls.ts'
import {
  checkAttempts,
  checkDuplicates,
  checkGaps,
  checkNothingLost,
  checkTruth,
} from './support/checks/check-ledgers.ts'
import type { Ledgers } from './support/checks/read-ledgers.ts'
import type { Call } from './support/call-once.ts'
import type { Intent } from './support/fault-client.ts'
import type { ReceivedLine } from './support/receiver-types.ts'

const intent = (changes: Partial<Intent> = {}): Intent => ({
  key: 'k1',
  order: 'o1',
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
const subscriptions = [{ id: 7 }]

/** One trigger, delivered once. */
const good = (): Ledgers => ({
  intents: [intent()],
  subscriptions: [],
  triggers: new Map([['o1', [1]]]),
  triggerOf: (uuid) => (uuid === 't1' ? 1 : 0),
  deliveries: [{ uuid: 'd1', trigger: 1, subscription: 7, status: 'delivered', err: null, acceptedAtMs: 0 }],
  attempts: [{ uuid: 'd1', n: 1, code: 200, err: null, sentAtMs: 0 }],
  received: [line()],
})

describe('the checks', () => {
  it('find nothing wrong with one trigger that was delivered once', () => {
    const ledgers = good()
    expect([
      ...checkNothingLost(ledgers, subscriptions),
      ...checkTruth(ledgers),
      ...checkDuplicates(ledgers, 0),
      ...checkAttempts(ledgers, 0),
      ...checkGaps(ledgers, [100]),
    ]).toEqual([])
  })

  it.each<[string, Partial<Ledgers>]>([
    ['was accepted and is not stored', { triggers: new Map() }],
    ['was stored twice', { triggers: new Map([['o1', [1, 2]]]) }],
    ['has no delivery', { deliveries: [] }],
    [
      'is still pending',
      {
        deliveries: [
          { uuid: 'd1', trigger: 1, subscription: 7, status: 'pending', err: null, acceptedAtMs: 0 },
        ],
      },
    ],
    ['was refused and is stored', { intents: [intent({ state: 'rejected', ids: new Set() })] }],
    ['was told two ids', { intents: [intent({ ids: new Set(['t1', 't2']) })] }],
    ['was received and is known to nobody', { received: [line(), line({ id: 'ghost' })] }],
  ])('tell when a trigger %s', (_what, changes) => {
    expect(checkNothingLost({ ...good(), ...changes }, subscriptions)).not.toEqual([])
  })

  it('tell when what is delivered never arrived, or the other way round', () => {
    expect(checkTruth({ ...good(), received: [line({ status: 500 })] })).toHaveLength(1)
    const failed = good().deliveries.map((one) => ({ ...one, status: 'failed' as const, err: 'exhausted' }))
    expect(checkTruth({ ...good(), deliveries: failed })).toHaveLength(1)
  })

  it('count duplicates, other bytes and missing signatures', () => {
    expect(checkDuplicates({ ...good(), received: [line(), line({ n: 2 })] }, 0)).toHaveLength(1)
    expect(checkDuplicates({ ...good(), received: [line(), line({ n: 2 })] }, 1)).toEqual([])
    expect(
      checkDuplicates({ ...good(), received: [line(), line({ hash: 'other', status: 500 })] }, 0),
    ).toHaveLength(1)
    expect(checkDuplicates({ ...good(), received: [line({ signed: false })] }, 0)).toHaveLength(1)
  })

  it('tell requests without an attempt, and attempts without a request', () => {
    expect(checkAttempts({ ...good(), attempts: [] }, 0)).toHaveLength(1)
    expect(checkAttempts({ ...good(), received: [] }, 0)).toHaveLength(1)
  })

  it('tell an attempt that came too early', () => {
    const received = [500, 200].map((status, i) => line({ status, n: i + 1, mono: i * 50 }))
    const attempts = [500, 200].map((code, i) => ({ uuid: 'd1', n: i + 1, code, err: null, sentAtMs: 0 }))
    expect(checkGaps({ ...good(), received, attempts }, [100])).toHaveLength(1)
    expect(checkGaps({ ...good(), received, attempts }, [40])).toEqual([])
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

  it('accepts a 202, and a 503 that says when to come back where one is allowed', () => {
    const busy = call({ status: 503, retryAfter: true, problem: true })
    expect(checkCalls([call({}), busy], { unavailable: true })).toEqual([])
    expect(checkCalls([busy])).toHaveLength(1)
  })

  it.each<[string, Partial<Call>]>([
    ['a slow answer', { ms: 3_000 }],
    ['a hung call', { status: 0, error: 'TimeoutError', ms: 15_000 }],
    ['a bare 503', { status: 503 }],
    ['a 500', { status: 500 }],
  ])('refuses %s', (_what, changes) => {
    expect(checkCalls([call(changes)], { unavailable: true, cut: true })).not.toEqual([])
  })
})

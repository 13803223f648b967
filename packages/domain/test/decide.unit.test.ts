import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decide, parseSuccessCode, profileNames, profiles } from '@waybill/domain'
import type { DecideInput, Outcome, ProfileName } from '@waybill/domain'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const now = Date.parse('2025-03-04T10:00:00Z')

const status = (code: number, retryAfterMs?: number): Outcome =>
  retryAfterMs === undefined
    ? { kind: 'response', status: code }
    : { kind: 'response', status: code, retryAfterMs }
const refused: Outcome = { kind: 'error', code: 'connection_refused', phase: 'connect' }

function decideFor(profile: ProfileName, outcome: Outcome, change: Partial<DecideInput> = {}) {
  return decide({
    outcome,
    failures: 0,
    attempt: 1,
    profile: profiles[profile],
    nowMs: now,
    expiresAtMs: now + 30 * DAY,
    random: () => 0,
    ...change,
  })
}

const failing = fc.oneof(
  fc.integer({ min: 400, max: 599 }).map((code) => status(code)),
  fc.tuple(fc.integer({ min: 400, max: 599 }), fc.nat(3 * DAY)).map(([code, ms]) => status(code, ms)),
  fc.constant(refused),
)

describe('a success', () => {
  it('is delivered, by the profile’s rule or the subscription’s own', () => {
    expect(decideFor('standard', status(204))).toEqual({ kind: 'delivered' })
    expect(decideFor('nursa', status(302))).toEqual({ kind: 'delivered' })
    expect(decideFor('standard', status(302)).kind).toBe('retry')
    expect(decideFor('planomatic-v2', status(204), { successRule: parseSuccessCode('200') }).kind).toBe(
      'retry',
    )
    expect(decideFor('planomatic-v2', status(302), { successRule: parseSuccessCode('302') }).kind).toBe(
      'delivered',
    )
  })

  it('stays a success on the last attempt, after the horizon and with a Retry-After', () => {
    const late = { failures: 400, attempt: 9_999, expiresAtMs: now - 1 }
    expect(decideFor('standard', status(200, 60_000), late)).toEqual({ kind: 'delivered' })
  })
})

describe('a failure', () => {
  it.each([...profileNames])('counts itself and waits for the schedule’s gap in %s', (profile) => {
    const [gapMs] = profiles[profile].schedule.gapsMs
    expect(decideFor(profile, refused)).toEqual({ kind: 'retry', delayMs: gapMs, failures: 1 })
    expect(decideFor(profile, status(500))).toEqual({ kind: 'retry', delayMs: gapMs, failures: 1 })
  })

  it('follows the counted failures, not the attempts, so that a worker’s death advances nothing', () => {
    expect(decideFor('nursa', status(500), { failures: 1, attempt: 7 })).toEqual({
      kind: 'retry',
      delayMs: 30 * 60_000,
      failures: 2,
    })
  })

  it('gets jitter only where the vendor’s times are not exact', () => {
    const random = () => 0.5
    expect(decideFor('standard', refused, { random })).toMatchObject({ delayMs: 5_500 })
    expect(decideFor('nursa', refused, { random })).toMatchObject({ delayMs: 330_000 })
    expect(decideFor('planomatic-v3', refused, { random })).toMatchObject({ delayMs: 360_000 })
    expect(decideFor('planning-center', refused, { random })).toMatchObject({ delayMs: 30_000 })
  })

  it('always waits for at least the gap and, unasked, at most a fifth more', () => {
    const plain = failing.map((outcome) => (outcome.kind === 'response' ? status(outcome.status) : outcome))
    fc.assert(
      fc.property(
        fc.constantFrom(...profileNames),
        plain,
        fc.nat(20),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (profile, outcome, failures, chance) => {
          const decision = decideFor(profile, outcome, { failures, random: () => chance })
          if (decision.kind !== 'retry') return
          const gapMs = profiles[profile].schedule.gapsMs[failures] ?? 360_000
          expect(decision.delayMs).toBeGreaterThanOrEqual(gapMs)
          expect(decision.delayMs).toBeLessThanOrEqual(Math.ceil(gapMs * 1.2))
        },
      ),
    )
  })

  it('is retried after 410 where the vendor gives 410 no meaning', () => {
    for (const profile of ['planomatic-v2', 'planomatic-v3', 'nursa'] as const) {
      expect(decideFor(profile, status(410)).kind).toBe('retry')
    }
  })
})

describe('Retry-After', () => {
  it.each([429, 502, 503, 504, 500, 404, 302])('is honoured with a %i', (code) => {
    expect(decideFor('standard', status(code, 90_000))).toMatchObject({ kind: 'retry', delayMs: 90_000 })
  })

  it('never shortens the schedule’s own wait', () => {
    expect(decideFor('standard', status(503, 0))).toMatchObject({ delayMs: 5_000 })
    expect(decideFor('nursa', status(503, 1_000), { random: () => 0.5 })).toMatchObject({ delayMs: 330_000 })
  })

  it('never asks for more than a day', () => {
    expect(decideFor('standard', status(429, 90 * DAY))).toMatchObject({ delayMs: DAY })
    expect(decideFor('standard', status(429, Number.MAX_SAFE_INTEGER))).toMatchObject({ delayMs: DAY })
  })

  it('does not revive an exhausted schedule', () => {
    expect(decideFor('nursa', status(503, 1_000), { failures: 3, attempt: 4 })).toMatchObject({
      reason: 'exhausted',
    })
  })
})

describe('giving up', () => {
  it.each(['standard', 'planning-center'] as const)(
    'comes at once with a 410 and deactivates %s',
    (profile) => {
      expect(decideFor(profile, status(410, 60_000))).toEqual({
        kind: 'give-up',
        reason: 'gone',
        deactivate: true,
      })
    },
  )

  it.each(['blocked_address', 'blocked_port', 'blocked_host'])(
    'comes at once with %s and leaves the subscription active',
    (code) => {
      for (const profile of profileNames) {
        expect(decideFor(profile, { kind: 'error', code, phase: 'connect' })).toEqual({
          kind: 'give-up',
          reason: 'blocked',
          deactivate: false,
        })
      }
    },
  )

  it.each([
    ['nursa', 3, false],
    ['planning-center', 16, true],
    ['standard', 12, false],
  ] as const)('comes with the failure after the last retry of %s', (profile, retries, deactivate) => {
    expect(decideFor(profile, refused, { failures: retries - 1, attempt: retries }).kind).toBe('retry')
    expect(decideFor(profile, refused, { failures: retries, attempt: retries + 1 })).toEqual({
      kind: 'give-up',
      reason: 'exhausted',
      deactivate,
    })
  })

  it('comes when the retry would be after the horizon, not when it would be exactly at its end', () => {
    expect(decideFor('planomatic-v2', refused, { expiresAtMs: now + 360_000 }).kind).toBe('retry')
    expect(decideFor('planomatic-v2', refused, { expiresAtMs: now + 359_999 })).toEqual({
      kind: 'give-up',
      reason: 'expired',
      deactivate: false,
    })
    expect(decideFor('standard', status(503, HOUR), { expiresAtMs: now + HOUR - 1 })).toMatchObject({
      reason: 'expired',
    })
  })

  it('is called exhausted when the schedule and the horizon end together', () => {
    expect(decideFor('nursa', refused, { failures: 3, attempt: 4, expiresAtMs: now })).toMatchObject({
      reason: 'exhausted',
    })
  })

  it('comes at the last attempt that can be numbered, even where the schedule repeats for ever', () => {
    expect(decideFor('planomatic-v2', refused, { failures: 5_000, attempt: 9_998 }).kind).toBe('retry')
    expect(decideFor('planomatic-v2', refused, { failures: 5_000, attempt: 9_999 })).toMatchObject({
      reason: 'exhausted',
    })
  })

  it('ends every chain of failures, and no retry is ever planned past the horizon', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...profileNames),
        fc.array(failing, { minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 8 * DAY }),
        (profile, outcomes, horizonMs) => {
          let at = now
          let failures = 0
          let ended = false
          for (const [i, outcome] of outcomes.entries()) {
            const decision = decideFor(profile, outcome, {
              failures,
              attempt: i + 1,
              nowMs: at,
              expiresAtMs: now + horizonMs,
              random: () => 0.9,
            })
            expect(decision.kind).not.toBe('delivered')
            ended = decision.kind === 'give-up'
            if (decision.kind !== 'retry') break
            expect(decision.failures).toBe(failures + 1)
            expect(at + decision.delayMs).toBeLessThanOrEqual(now + horizonMs)
            failures = decision.failures
            at += decision.delayMs
          }
          expect(ended || profiles[profile].schedule.afterLast === 'repeat').toBe(true)
        },
      ),
    )
  })
})

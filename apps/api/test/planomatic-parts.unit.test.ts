import { readFileSync } from 'node:fs'
import { scryptSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createFailureLimit } from '../src/http/failure-limit.ts'
import {
  envelope,
  PlanomaticTooMany,
  planomaticStatuses,
  type PlanomaticStatus,
} from '../src/planomatic/envelope.ts'
import { hashPassword, verifyPassword } from '../src/planomatic/identity/hash-password.ts'
import { createLoginLimits } from '../src/planomatic/identity/login-limits.ts'
import { createPasswordChecks } from '../src/planomatic/identity/password-checks.ts'

describe('hashPassword', () => {
  it('salts, tells its parameters, and knows the password again in whatever way it was typed', async () => {
    const [one, other] = await Promise.all([hashPassword('Café 1'), hashPassword('Café 1')])
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w-]{22}\$[\w-]{43}$/)
    expect(one).not.toBe(other)
    expect(await verifyPassword(one, 'Cafe\u0301 1')).toBe(true)
    expect(await verifyPassword(one, 'Cafe 1')).toBe(false)
  })

  it.each([
    [15, 8, 1],
    [4, 4, 2],
  ])('checks hashes with other parameters: ln=%i, r=%i, p=%i', async (ln, r, p) => {
    const salt = Buffer.alloc(16, 1)
    const hash = scryptSync('x', salt, 32, { N: 2 ** ln, r, p, maxmem: 2 ** 26 }).toString('base64url')
    const stored = `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash}`
    expect(await verifyPassword(stored, 'x')).toBe(true)
    expect(await verifyPassword(stored, 'y')).toBe(false)
  })

  it('refuses malformed hashes', async () => {
    await expect(verifyPassword('plain', 'plain')).rejects.toThrow('malformed')
  })
})

describe('createPasswordChecks', () => {
  it('checks two at a time, lets twenty wait and refuses the others', async () => {
    const stored = await hashPassword('x')
    const check = createPasswordChecks()
    const outcomes = await Promise.allSettled(Array.from({ length: 25 }, () => check(stored, 'x')))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(22)
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 3 }, () => 'overloaded'),
    )
    expect(await check(stored, 'y')).toBe(false)
  })

  it('asks at the turn of a check whether it may be, and goes on after one that may not', async () => {
    const stored = await hashPassword('x')
    const check = createPasswordChecks()
    const asked: number[] = []
    const checks = [0, 1, 2, 3].map((n) =>
      check(stored, 'x', () => {
        asked.push(n)
        if (n > 0) throw new Error('not any more')
      }),
    )
    expect((await Promise.allSettled(checks)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
    ])
    expect(asked).toEqual([0, 1, 2, 3])
    expect(await check(stored, 'x')).toBe(true)
  })
})

describe('createFailureLimit', () => {
  it('refuses after too many failures until their window is over', () => {
    let now = 0
    const limit = createFailureLimit({ most: 2, windowMs: 1_000, monotonic: () => now })
    expect([limit.count('a'), limit.waits('a'), limit.count('a')]).toEqual([undefined, undefined, undefined])
    now = 400
    expect([limit.waits('a'), limit.count('a'), limit.waits('b')]).toEqual([600, 600, undefined])
    now = 1_000
    expect(limit.waits('a')).toBeUndefined()
    expect([limit.count('a'), limit.count('a'), limit.waits('a')]).toEqual([undefined, undefined, 1_000])
  })

  it('counts nothing when it is asked, and forgets the oldest of ten thousand keys', () => {
    const limit = createFailureLimit({ most: 1, windowMs: 1_000, monotonic: () => 0 })
    for (let i = 0; i < 5; i += 1) expect(limit.waits('a')).toBeUndefined()
    limit.count('a')
    limit.count('b')
    for (let i = 0; i < 9_998; i += 1) limit.count(`key-${i}`)
    expect([limit.waits('a'), limit.waits('b')]).toEqual([1_000, 1_000])
    for (let i = 0; i < 9_999; i += 1) limit.count(`other-${i}`)
    expect([limit.waits('a'), limit.waits('b')]).toEqual([undefined, 1_000])
  })
})

describe('createLoginLimits', () => {
  it('counts somebody unknown by their address, in whatever case, and users by their ids', () => {
    const limits = createLoginLimits(() => 0)
    for (let i = 0; i < 10; i += 1)
      limits.count(`10.0.0.${i}`, { email: i % 2 ? 'A@yard.test' : 'a@yard.test' })
    expect(() => limits.refuse('10.0.1.1', { email: 'a@YARD.test' })).toThrow(PlanomaticTooMany)
    expect(() => limits.count('10.0.1.1', { email: 'a@yard.test' })).toThrow(PlanomaticTooMany)
    limits.refuse('10.0.1.1', { userId: 1 })
    limits.refuse('10.0.1.1')
  })
})

describe('the statuses', () => {
  it('are those of docs/planomatic.md, with their codes', () => {
    const page = readFileSync('docs/planomatic.md', 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) /gm)].map(([, status, code]) => [
      status,
      Number(code),
    ])
    expect(rows).toEqual(planomaticStatuses.map((status) => [status, envelope(status).status]))
  })

  it.each<[PlanomaticStatus, number]>([
    ['no-params-decoded', 400],
    ['invalid-encoded-params', 400],
    ['route-not-found', 500],
    ['identify-request-error', 500],
    ['service-not-found', 500],
    ['mandrill-email-failed', 500],
  ])('say %s with %i', (status, code) => {
    expect(envelope(status)).toMatchObject({ status: code, body: { code, status } })
  })
})

import { readFileSync } from 'node:fs'
import { scryptSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createFailureLimit } from '../src/http/failure-limit.ts'
import { envelope, planomaticStatuses, type PlanomaticStatus } from '../src/planomatic/envelope.ts'
import { hashPassword, verifyPassword } from '../src/planomatic/identity/hash-password.ts'
import { createPasswordChecks } from '../src/planomatic/identity/password-checks.ts'

describe('hashPassword', () => {
  it('salts, tells its parameters, and knows the password again in whatever way it was typed', async () => {
    const [one, other] = await Promise.all([hashPassword('Café 1'), hashPassword('Café 1')])
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/)
    expect(one).not.toBe(other)
    expect(await verifyPassword(one, 'Cafe\u0301 1')).toBe(true)
    expect(await verifyPassword(one, 'Cafe 1')).toBe(false)
  })

  it('checks hashes with other parameters, and refuses malformed ones', async () => {
    const salt = Buffer.alloc(16, 1)
    const hash = scryptSync('x', salt, 32, { N: 16, r: 4, p: 2 }).toString('base64url')
    const stored = `$scrypt$ln=4,r=4,p=2$${salt.toString('base64url')}$${hash}`
    expect(await verifyPassword(stored, 'x')).toBe(true)
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
})

describe('createFailureLimit', () => {
  it('refuses after too many failures until their window is over', () => {
    let now = 0
    const limit = createFailureLimit({ most: 2, windowMs: 1_000, monotonic: () => now })
    expect([limit.take('a'), limit.take('a')]).toEqual([undefined, undefined])
    now = 400
    expect([limit.take('a'), limit.take('b')]).toEqual([600, undefined])
    now = 1_000
    expect(limit.take('a')).toBeUndefined()
  })

  it('does not count what was given back, and forgets the oldest of ten thousand keys', () => {
    const limit = createFailureLimit({ most: 1, windowMs: 1_000, monotonic: () => 0 })
    for (let i = 0; i < 5; i += 1) {
      expect(limit.take('a')).toBeUndefined()
      limit.giveBack('a')
    }
    limit.take('a')
    expect(limit.take('a')).toBe(1_000)
    for (let i = 0; i < 10_000; i += 1) limit.take(`key-${i}`)
    expect(limit.take('a')).toBeUndefined()
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

import { describe, expect, it } from '@jest/globals'
import type { Principal } from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import { createAddressPolicy } from '@waybill/egress'
import { parseJsonBody } from '../src/http/parse-json-body.ts'
import { Problem, type FieldProblem } from '../src/http/problem.ts'
import { readFields } from '../src/http/read-fields.ts'
import { createParamReader } from '../src/planomatic/param-reader.ts'
import { PlanomaticRefusal, type AttrError } from '../src/planomatic/envelope.ts'
import { subscriptionFields } from '../src/subscriptions/subscription-fields.ts'
import { checkBatch } from '../src/triggers/check-batch.ts'
import { checkTrigger } from '../src/triggers/check-trigger.ts'
import { trigger } from './support/trigger.ts'

const principal: Principal = {
  kind: 'token',
  tokenId: 1,
  name: 'x',
  integrations: new Set([asIntegrationId(12)]),
  scopes: null,
  email: null,
}

/** What the work refused. How quickly is the bench's to say. */
async function refused(work: () => unknown): Promise<readonly (FieldProblem | AttrError)[]> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Problem || error instanceof PlanomaticRefusal) return error.errors
    throw error
  }
  throw new Error('nothing was refused')
}

const batch = (text: string) => () =>
  checkBatch(parseJsonBody(Buffer.from(text), 34), principal, Date.now(), () => Promise.resolve())
const keys = (count: number, length: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`order_${i}`.padEnd(length, 'x'), 1]))

describe('a request with very many problems', () => {
  it.each([
    { triggers: 2, count: 44_500, length: 40, problems: 2 },
    { triggers: 16, count: 12_000, length: 12, problems: 100 },
    { triggers: 16, count: 5_500, length: 40, problems: 100 },
  ])('is refused early: a batch of $triggers with $count unknown keys each', async (given) => {
    const one = trigger(keys(given.count, given.length))
    const triggers = Array.from({ length: given.triggers }, () => one)
    const errors = await refused(batch(JSON.stringify({ triggers })))
    expect(errors).toHaveLength(given.problems)
  })

  it('is refused early: a batch of 1,000 triggers with unknown names and long keys', async () => {
    const name = 'order_status_'.padEnd(64, 'x')
    const triggers = Array.from({ length: 1_000 }, () => trigger({ name, ['k'.repeat(3_000)]: 1 }))
    const errors = await refused(batch(JSON.stringify({ triggers })))
    expect(errors).toHaveLength(100)
  })

  it('is answered: a batch of many elements at a great depth', async () => {
    const deep = `${'['.repeat(28)}${'0,'.repeat(60_000)}0${']'.repeat(28)}`
    const wide = `[${'[[[[[[]]]]]],'.repeat(60_000)}0]`
    const one = (order: string) => JSON.stringify(trigger({ order: 'X' })).replace('"X"', `{"a":${order}}`)
    const text = `{"triggers":[${[...Array.from({ length: 20 }, () => one(deep)), one(wide), '5'].join(',')}]}`
    const errors = await refused(batch(text))
    expect(errors.length).toBeLessThanOrEqual(100)
  })

  it('hears a hint for the first problems only', async () => {
    const typos = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`order_id${'-'.repeat(i + 1)}`, 1]),
    )
    const problems: FieldProblem[] = []
    checkTrigger(trigger(typos), '{}', '', Date.now(), problems)
    expect(problems.filter(({ message }) => message.includes('Did you mean'))).toHaveLength(20)
  })

  it('is refused early: a subscription with 20,000 unknown fields or bad events', async () => {
    const { create } = subscriptionFields({ policy: createAddressPolicy({ allow: [] }), requireHttps: false })
    const names = { known: new Set(Object.keys(create.shape)), readOnly: new Set<string>() }
    const fields = { name: 'x', url: 'https://example.com/' }
    const unknown = await refused(() => readFields(create, { ...fields, ...keys(20_000, 12) }, names))
    expect(unknown).toHaveLength(100)
    const events = Array.from({ length: 80_000 }, () => 5)
    const bad = await refused(() => readFields(create, { ...fields, events }, names))
    expect(bad).toMatchObject([{ pointer: '/events', code: 'too_many_items' }])
  })

  it('is refused with 100 errors by the PlanOmatic dialect', async () => {
    const errors = await refused(() => {
      const params = createParamReader({ filters: keys(20_000, 12) })
      params.object('filters', [])
      params.finish()
    })
    expect(errors).toHaveLength(100)
  })
})

describe('a trigger within a batch', () => {
  it('may have 256 KiB, like one alone', async () => {
    const sized = (bytes: number) => {
      const bare = Buffer.byteLength(JSON.stringify(trigger({ order: { note: '' } })))
      return trigger({ order: { note: `ü${'x'.repeat(bytes - bare - 2)}` } })
    }
    const text = (bytes: number) => JSON.stringify({ triggers: [trigger(), sized(bytes)] })
    expect(await batch(text(262_144))()).toMatchObject({ triggers: [{}, {}] })
    expect(await refused(batch(text(262_145)))).toMatchObject([
      { pointer: '/triggers/1', code: 'payload_too_large', message: expect.stringContaining('262144 bytes') },
    ])
  })
})

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import {
  generateStandardSecret,
  parseStandardSecret,
  signNursa,
  signPlanningCenter,
  signStandard,
} from '@waybill/domain'

function keyOf(secret: string): Buffer {
  const key = parseStandardSecret(secret)
  if (!key) throw new Error('secret refused')
  return key
}

describe('the Standard Webhooks signature', () => {
  const id = '0190d2c4-0000-8000-8000-000000000001'
  const body = '{"type":"order.delivered","data":{"note":"Straße ✓"}}'
  const timestampSeconds = Math.floor(Date.now() / 1_000)
  const headers = (signature: string) => ({
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signature,
  })

  it('is what the published library writes', () => {
    const secret = generateStandardSecret(randomBytes)
    const signature = signStandard({ id, timestampSeconds, body, secrets: [keyOf(secret)] })
    expect(signature).toBe(new Webhook(secret).sign(id, new Date(timestampSeconds * 1_000), body))
  })

  it('is accepted by the published library for each secret while they rotate, and only for these', () => {
    const [old, fresh, foreign] = [1, 2, 3].map(() => generateStandardSecret(randomBytes))
    if (!old || !fresh || !foreign) throw new Error('no secrets')
    const signature = signStandard({ id, timestampSeconds, body, secrets: [keyOf(fresh), keyOf(old)] })
    expect(signature.split(' ')).toHaveLength(2)
    for (const secret of [old, fresh]) {
      expect(new Webhook(secret).verify(body, headers(signature))).toEqual(JSON.parse(body))
    }
    expect(() => new Webhook(foreign).verify(body, headers(signature))).toThrow('No matching signature')
    expect(() => new Webhook(fresh).verify(`${body} `, headers(signature))).toThrow('No matching signature')
  })
})

describe('Standard Webhooks secrets', () => {
  it('are 32 random bytes with the standard prefix', () => {
    expect(generateStandardSecret((size) => new Uint8Array(size).fill(255))).toBe(
      'whsec_//////////////////////////////////////////8=',
    )
    expect(keyOf(generateStandardSecret(randomBytes))).toHaveLength(32)
  })

  it('may have 24 to 64 bytes', () => {
    const ofSize = (size: number) =>
      parseStandardSecret(`whsec_${Buffer.alloc(size, 1).toString('base64')}`)?.length
    expect([23, 24, 64, 65].map(ofSize)).toEqual([undefined, 24, 64, undefined])
  })

  it.each([
    '',
    'whsec_',
    'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    Buffer.alloc(32, 1).toString('base64'),
    `whsec_${Buffer.alloc(32, 1).toString('base64').replace('=', '')}`,
    `whsec_${Buffer.alloc(32, 255).toString('base64url')}`,
    `whsec_ ${Buffer.alloc(32, 1).toString('base64')}`,
    `whpk_${Buffer.alloc(32, 1).toString('base64')}`,
  ])('are not %p', (text) => {
    expect(parseStandardSecret(text)).toBeUndefined()
  })
})

describe('the Nursa signature', () => {
  it('has one v1 for each secret, the timestamp first', () => {
    const body =
      '{"data":{"shiftId":"880012","facilityId":"NUR-000042","at":"2025-03-04T10:00:00.000Z","reason":"Talent not needed","cancelledBy":{"userId":"u_17","email":"ops@clinic.test"}},"eventType":"shift.cancelled"}'
    const secrets = ['alpha-secret-0001', 'bravo-secret-0002']
    expect(signNursa({ timestampSeconds: 1_741_082_400, body, secrets })).toBe(
      't=1741082400,v1=06cde1b98fd16ff263a2ec6d353cb255cae2a82f816c7e2fe87d52e15c813409,v1=51d3ee9aab32262a82b3b5237d587459375704e666ae56e22165cdaaa6bffe48',
    )
  })
})

describe('the Planning Center signature', () => {
  it('is lower-case hex over the exact body', () => {
    const body = String.raw`{"data":[{"id":"0b0f7d5e-6a42-4f0e-9d5a-0f2f3c8f1a11","type":"EventDelivery","attributes":{"name":"people.v2.events.person.created","attempt":1,"payload":"{\"data\":{\"type\":\"Person\",\"id\":\"501\",\"attributes\":{\"first_name\":\"Ines\",\"last_name\":\"Okafor\"},\"links\":{\"self\":\"https://api.example.test/people/v2/people/501\"}},\"included\":[],\"meta\":{\"parent\":{\"id\":\"77\",\"type\":\"Organization\"},\"event_time\":\"2025-03-04T10:00:00Z\",\"idempotency_token\":\"3f1c\"}}"},"relationships":{"organization":{"data":{"type":"Organization","id":"77"}}}}]}`
    expect(signPlanningCenter({ body, secret: 'pco-secret-abc' })).toBe(
      '33bd2ee61d78fbb3a2111b98c69bb2ea4f28bda75c3e994adb4888851ab60ca1',
    )
  })
})

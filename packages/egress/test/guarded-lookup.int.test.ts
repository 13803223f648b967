import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startDnsServer, type DnsAnswer, type TestDns } from '@waybill/testing'
import { createAddressPolicy, createGuardedLookup } from '../src/index.ts'

const NAMES: Record<string, DnsAnswer> = {
  'public.example': ['93.184.215.14', '2606:2800:220::1'],
  'v4.example': ['93.184.215.14'],
  'private.example': ['10.0.0.7'],
  'mixed.example': ['93.184.215.14', '10.0.0.7'],
  'mixed6.example': ['93.184.215.14', 'fd00::1'],
  'mapped.example': ['::ffff:127.0.0.1'.replace('127.0.0.1', '7f00:1')],
  'metadata.example': ['169.254.169.254'],
  'absent.example': 'NXDOMAIN',
  'empty.example': [],
  'broken.example': 'SERVFAIL',
  'refused.example': 'REFUSED',
  'silent.example': 'silence',
}

let dns: TestDns
beforeAll(async () => {
  dns = await startDnsServer((name, family) => {
    if (name === 'half.example') return family === 4 ? ['93.184.215.14'] : 'silence'
    return NAMES[name] ?? 'NXDOMAIN'
  })
})
afterAll(() => dns.close())

const lookupWith = (allow: string[], timeoutMs = 1_500) =>
  createGuardedLookup({ policy: createAddressPolicy({ allow }), servers: [dns.address], timeoutMs })

async function codeOf(host: string, timeoutMs?: number): Promise<unknown> {
  return lookupWith(
    [],
    timeoutMs,
  )(host).then(
    () => 'found',
    (error: { code: string; phase: string }) => `${error.phase} ${error.code}`,
  )
}

describe('guarded lookup', () => {
  it('answers the addresses of both families', async () => {
    expect(await lookupWith([])('public.example')).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2606:2800:220::1', family: 6 },
    ])
    expect(await lookupWith([])('v4.example')).toEqual([{ address: '93.184.215.14', family: 4 }])
  })

  it.each(['private', 'mixed', 'mixed6', 'mapped', 'metadata'])(
    'refuses %s.example, one of whose addresses is not public',
    async (name) => expect(await codeOf(`${name}.example`)).toBe('dns blocked_address'),
  )

  it.each([
    ['absent', 'dns_not_found'],
    ['empty', 'dns_not_found'],
    ['broken', 'dns_failed'],
    ['refused', 'dns_failed'],
  ])('fails on %s.example with %s', async (name, code) => {
    expect(await codeOf(`${name}.example`)).toBe(`dns ${code}`)
  })

  it('gives up on a silent server at its own limit', async () => {
    const before = performance.now()
    expect(await codeOf('silent.example', 300)).toBe('dns dns_timeout')
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  it('takes what one family answers when the other stays silent', async () => {
    expect(await codeOf('half.example', 300)).toBe('found')
  })

  it('asks the second server when the first stays silent', async () => {
    const silent = await startDnsServer(() => 'silence')
    try {
      const policy = createAddressPolicy({ allow: [] })
      const lookup = createGuardedLookup({
        policy,
        servers: [silent.address, dns.address],
        timeoutMs: 10_000,
      })
      expect(await lookup('v4.example')).toEqual([{ address: '93.184.215.14', family: 4 }])
      expect(silent.questions).toContain('v4.example 4')
    } finally {
      await silent.close()
    }
  })

  it('lets a silent name delay nobody else', async () => {
    const lookup = lookupWith([])
    const silent = Array.from({ length: 50 }, () => lookup('silent.example').catch(() => 'failed'))
    const first = await Promise.race([lookup('public.example').then(() => 'public'), ...silent])
    expect(first).toBe('public')
    expect(new Set(await Promise.all(silent))).toEqual(new Set(['failed']))
  })

  it('judges literal addresses and internal names without asking DNS', async () => {
    const asked = dns.questions.length
    expect(await codeOf('127.0.0.1')).toBe('dns blocked_address')
    expect(await codeOf('::1')).toBe('dns blocked_address')
    expect(await codeOf('localhost')).toBe('dns blocked_address')
    expect(await codeOf('db.internal')).toBe('dns blocked_address')
    expect(await lookupWith([])('8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }])
    expect(await lookupWith(['loopback'])('localhost')).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])
    expect(await lookupWith(['127.0.0.1'])('localhost')).toEqual([{ address: '127.0.0.1', family: 4 }])
    expect(dns.questions.length).toBe(asked)
  })

  it('looks up a listed single label, and still checks what it answers', async () => {
    NAMES['receiver'] = ['10.5.5.5']
    await expect(lookupWith(['receiver'])('receiver')).rejects.toMatchObject({ code: 'blocked_address' })
    const both = lookupWith(['receiver', '10.5.0.0/16'])
    expect(await both('receiver')).toEqual([{ address: '10.5.5.5', family: 4 }])
  })
})

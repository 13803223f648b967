import { describe, expect, it } from '@jest/globals'
import { createAddressPolicy } from '../src/index.ts'

const strict = createAddressPolicy({ allow: [] })

/** One block a line: its first, a middle and its last address. From IANA's special-purpose registries, and some more. */
const DENIED = `
  0.0.0.0 0.1.2.3 0.255.255.255
  10.0.0.0 10.20.30.40 10.255.255.255
  100.64.0.0 100.100.100.200 100.127.255.255
  127.0.0.0 127.0.0.1 127.255.255.255
  169.254.0.0 169.254.169.254 169.254.255.255
  172.16.0.0 172.20.1.1 172.31.255.255
  192.0.0.0 192.0.0.192 192.0.0.255
  192.0.2.0 192.0.2.77 192.0.2.255
  192.31.196.0 192.31.196.9 192.31.196.255
  192.52.193.0 192.52.193.9 192.52.193.255
  192.88.99.0 192.88.99.1 192.88.99.255
  192.168.0.0 192.168.1.1 192.168.255.255
  192.175.48.0 192.175.48.6 192.175.48.255
  198.18.0.0 198.18.5.5 198.19.255.255
  198.51.100.0 198.51.100.7 198.51.100.255
  203.0.113.0 203.0.113.5 203.0.113.255
  224.0.0.0 239.1.1.1 239.255.255.255
  240.0.0.0 250.1.1.1 255.255.255.254
  255.255.255.255 168.63.129.16
  :: ::1 ::2 ::7f00:1
  ::ffff:0.0.0.0 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:8.8.8.8
  ::ffff:0:7f00:1 ::ffff:0:808:808
  64:ff9b:: 64:ff9b::127.0.0.1 64:ff9b::8.8.8.8 64:ff9b:1:: 64:ff9b:1:ffff::1
  100:: 100::1 100::ffff:ffff:ffff:ffff 100:0:0:1::1
  2001:: 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:0:ffff::1
  2001:1::1 2001:1::2 2001:2::1 2001:3::1 2001:4:112::1 2001:5::1
  2001:10::1 2001:1f:ffff::1 2001:20::1 2001:2f:ffff::1 2001:30::1 2001:1ff:ffff::1
  2001:db8:: 2001:db8::1 2001:db8:ffff:ffff::1
  2002:: 2002:7f00:1:: 2002:a9fe:a9fe::1 2002:808:808::1
  2620:4f:8000:: 2620:4f:8000::53
  3fff:: 3fff::1 3fff:fff:ffff::1
  4000::1 5f00:: 5f00::1 5fff::1 8000::1 c000::1 e000::1
  fc00:: fc00::1 fd00:ec2::254 fdff:ffff::1
  fe80:: fe80::1 fe80::1ff:fe23:4567:890a febf:ffff::1
  fec0:: fec0::1 feff::1
  ff00:: ff02::1 ff0e::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
  0:0:0:0:0:0:0:1 ::FFFF:7F00:1 0000:0000:0000:0000:0000:ffff:7f00:0001
`
const ALLOWED = `
  1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
  168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0
  192.0.3.0 192.31.195.255 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
  198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
  2000::1 2001:200::1 2001:db7::1 2001:db9::1 2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450:4001::1
  2620:4f:7fff::1 2620:4f:8001::1 3ffe:ffff::1 2400:cb00::1
`
/** Written in ways other parsers take for addresses. Only the plain forms may pass; a connector never gets others. */
const NOT_ADDRESSES = `
  127.1 2130706433 0177.0.0.1 0x7f.1 0x7f000001 127.0.0.1. 1.2.3.4.5 256.1.1.1 08.8.8.8 8.8.8.8:80 8.8.8.8/32
  [2606:4700::1] fe80::1%eth0 2606:4700::1%1 localhost example.com ::ffff:8.8.8 null 1e3 ٨.8.8.8
`
const words = (text: string) => text.trim().split(/\s+/)

describe('address policy', () => {
  it.each(words(DENIED))('denies %s', (ip) => expect(strict.allowsAddress(ip)).toBe(false))
  it.each(words(ALLOWED))('allows %s', (ip) => expect(strict.allowsAddress(ip)).toBe(true))
  it.each([...words(NOT_ADDRESSES), '', ' 8.8.8.8', '8.8.8.8 '])(
    'denies what is no plain address: %j',
    (ip) => expect(strict.allowsAddress(ip)).toBe(false),
  )

  it('covers at least one hundred addresses', () => {
    expect(words(DENIED).length + words(ALLOWED).length).toBeGreaterThan(150)
  })

  it('allows networks, addresses and loopback that are listed, and only these', () => {
    const policy = createAddressPolicy({ allow: ['10.1.0.0/16', '192.168.7.7', 'fd00::/8', ' Loopback '] })
    for (const ip of ['10.1.2.3', '192.168.7.7', 'fd12::1', '127.0.0.1', '127.9.9.9', '::1', '8.8.8.8']) {
      expect([ip, policy.allowsAddress(ip)]).toEqual([ip, true])
    }
    for (const ip of ['10.2.0.0', '192.168.7.8', 'fe80::1', '169.254.169.254', '::ffff:127.0.0.1']) {
      expect([ip, policy.allowsAddress(ip)]).toEqual([ip, false])
    }
  })

  it.each(['10.0.0.0/33', '10.1/16', '127.1', 'http://x', 'a b', '*', '', '::1/200', '300.1.1.1'])(
    'refuses the entry %j',
    (entry) => expect(() => createAddressPolicy({ allow: [entry] })).toThrow(TypeError),
  )

  it('allows public host names and denies internal ones', () => {
    const internal = [
      'localhost',
      'LOCALHOST.',
      'a.localhost',
      'db',
      'db.',
      'printer.local',
      'x.internal',
      '',
    ]
    const more = ['metadata.google.internal', 'metadata.goog', 'a.b.svc', 'nas.lan', 'router.home.arpa']
    for (const name of [...internal, ...more])
      expect([name, strict.allowsHostname(name)]).toEqual([name, false])
    for (const name of [
      'example.com',
      'a.b.example.com.',
      'local.example',
      'xn--xample-2of.com',
      'internal.io',
    ]) {
      expect([name, strict.allowsHostname(name)]).toEqual([name, true])
    }
  })

  it('allows names that are listed; loopback brings localhost', () => {
    const policy = createAddressPolicy({ allow: ['receiver', 'loopback'] })
    for (const name of ['receiver', 'Receiver.', 'localhost', 'x.localhost']) {
      expect([name, policy.allowsHostname(name)]).toEqual([name, true])
    }
    expect(policy.allowsHostname('other')).toBe(false)
    expect(createAddressPolicy({ allow: ['localhost'] }).allowsAddress('127.0.0.1')).toBe(true)
    expect(createAddressPolicy({ allow: ['receiver'] }).allowsAddress('10.0.0.5')).toBe(false)
  })

  it('denies ports of internal services unless the address is listed, and port 0 always', () => {
    for (const port of [1, 22, 25, 53, 81, 445, 1023, 2375, 5432, 6379, 9200, 11211, 27017]) {
      expect([port, strict.allowsPort(port, '8.8.8.8')]).toEqual([port, false])
    }
    for (const port of [80, 443, 1024, 3000, 8080, 8443, 9000, 49152, 65535]) {
      expect([port, strict.allowsPort(port, 'example.com')]).toEqual([port, true])
    }
    const policy = createAddressPolicy({ allow: ['10.0.0.0/8', 'receiver', 'loopback'] })
    expect(policy.allowsPort(6379, '10.1.1.1')).toBe(true)
    expect(policy.allowsPort(6379, 'receiver')).toBe(true)
    expect(policy.allowsPort(22, 'localhost')).toBe(true)
    expect(policy.allowsPort(6379, '8.8.8.8')).toBe(false)
    for (const port of [0, -1, 65_536, 1.5, NaN]) expect(policy.allowsPort(port, '127.0.0.1')).toBe(false)
  })
})

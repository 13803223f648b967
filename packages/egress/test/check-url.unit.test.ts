import { describe, expect, it } from '@jest/globals'
import { checkUrl, createAddressPolicy } from '../src/index.ts'
import type { UrlErrorCode } from '../src/index.ts'

const strict = createAddressPolicy({ allow: [] })
const codeOf = (raw: string, requireHttps = false) => {
  const result = checkUrl(raw, strict, { requireHttps })
  return result.ok ? 'ok' : result.code
}

const REFUSED: [UrlErrorCode, string[]][] = [
  [
    'invalid_url',
    ['example.com/x', '', '/x', '//example.com/x', 'example.com:8443/x', 'https://', 'https://?x'],
  ],
  ['invalid_url', ['https://[fe80::1%25eth0]/', 'https://256.256.256.256/', 'https://1.2.3.4.5/']],
  ['invalid_url', ['https://host.example:65536/', 'https://a..%00.example/', 'https:example.com/x']],
  ['invalid_url', ['https:///example.com/x', 'https://exa<mple.com/', 'https://example.com:x/']],
  ['url_too_long', [`https://example.com/${'a'.repeat(2_029)}`]],
  [
    'unsupported_scheme',
    ['ftp://example.com/', 'file:///etc/passwd', 'javascript:alert(1)', 'data:text/plain,x'],
  ],
  [
    'unsupported_scheme',
    ['gopher://example.com/', 'unix:/var/run/docker.sock', 'ws://example.com', 'blob:https://x.y'],
  ],
  ['blocked_host', ['http://unix:/var/run/docker.sock:/x', 'https://unix/']],
  [
    'userinfo_not_allowed',
    ['https://user:pw@example.com/', 'https://good.com@127.0.0.1/', 'https://@example.com/'],
  ],
  ['userinfo_not_allowed', ['https://a:b@[::1]/', 'https:u@example.com', 'https://a@b@example.com/']],
  ['fragment_not_allowed', ['https://example.com/#top', 'https://example.com/x?y#', 'https://example.com#']],
  ['url_illegal_character', [' https://example.com', 'https://example.com/a b', 'https://example.com\t/']],
  ['url_illegal_character', ['https://exam\nple.com/', 'https://example.com/\r', 'https://example.com/\0']],
  [
    'url_illegal_character',
    ['https://example.com\\@127.0.0.1/', 'https:\\\\example.com', 'https://a.example/\u00a0x'],
  ],
  [
    'url_illegal_character',
    ['https://exam\u200bple.com', 'https://example.com/\u2028', 'https://a.example/\ud800'],
  ],
  [
    'blocked_host',
    ['https://localhost', 'https://LOCALHOST./', 'https://foo.localhost:8443/', 'https://intranet/'],
  ],
  ['blocked_host', ['https://printer.local', 'https://x.internal/', 'https://metadata.google.internal/']],
  ['blocked_host', ['https://ｌocalhost/', 'https://loc%61lhost/']],
  ['blocked_address', ['https://127.0.0.1', 'https://127.1', 'https://2130706433/', 'https://0177.0.0.1/']],
  ['blocked_address', ['https://0x7f.1/', 'http:127.0.0.1', 'https://127.0.0.1./', 'https://１２７.0.0.1/']],
  [
    'blocked_address',
    ['https://0/', 'https://0.0.0.0/', 'https://169.254.169.254/latest', 'https://0xA9FEA9FE/'],
  ],
  [
    'blocked_address',
    ['https://169.254.43518/', 'https://10.0.0.1', 'https://172.16.0.1', 'https://192.168.1.1'],
  ],
  [
    'blocked_address',
    ['https://100.100.100.200/', 'https://192.0.0.192/', 'https://198.18.0.1/', 'https://224.0.0.1'],
  ],
  ['blocked_address', ['https://[::ffff:169.254.169.254]/', 'https://[::ffff:a9fe:a9fe]/', 'https://[::1]/']],
  [
    'blocked_address',
    ['https://[::ffff:0:7f00:1]/', 'https://[fd00:ec2::254]/', 'https://[64:ff9b::7f00:1]/'],
  ],
  [
    'blocked_port',
    ['https://example.com:0/', 'https://example.com:22/', 'http://example.com:25', 'https://8.8.8.8:6379'],
  ],
]

describe('checkUrl', () => {
  it.each(REFUSED.flatMap(([code, urls]) => urls.map((url) => [code, url] as const)))(
    'answers %s for %j',
    (code, raw) => expect(codeOf(raw)).toBe(code),
  )

  it('refuses http only when https is required', () => {
    expect(codeOf('http://example.com/x', true)).toBe('https_required')
    expect(codeOf('http://example.com/x')).toBe('ok')
    expect(codeOf('HTTPS://example.com/x', true)).toBe('ok')
  })

  it.each([
    'https://example.com',
    'https://example.com:8443/a/b?k=9&sig=a%2Fb+c',
    'https://8.8.8.8/x',
    'https://[2606:4700:4700::1111]:8080/x',
    `https://example.com/${'a'.repeat(2_028)}`,
    'https://example.com./x',
    "https://example.com/it's?q='x'&b[]=1",
  ])('accepts %s', (raw) => expect(codeOf(raw)).toBe('ok'))

  it('shows the punycode of a name that looks like another', () => {
    const result = checkUrl('https://ехample.com/x', strict, { requireHttps: true })
    expect(result.ok && result.url.hostname).toBe('xn--ample-ywe6i.com')
  })

  it('never repeats a password in its message', () => {
    const result = checkUrl('https://user:hunter2@example.com/', strict, { requireHttps: true })
    expect(JSON.stringify(result)).not.toContain('hunter2')
  })

  it('accepts loopback and its ports where the policy lists it', () => {
    const policy = createAddressPolicy({ allow: ['loopback'] })
    for (const raw of ['http://localhost:6379/x', 'http://127.0.0.1:3000/', 'http://[::1]:22/']) {
      expect(checkUrl(raw, policy, { requireHttps: false }).ok).toBe(true)
    }
  })
})

import { describe, expect, it } from '@jest/globals'
import { isDnsServer } from '../src/index.ts'

describe('the name of a DNS server', () => {
  it.each(['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:53', '192.0.2.53:65535'])(
    'may be %s',
    (text) => expect(isDnsServer(text)).toBe(true),
  )

  // Handed port 0, Node 20 aborts the whole process.
  it.each([
    '',
    'dns.example',
    'dns.example:53',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '192.0.2.53:',
    '[192.0.2.53]:53',
  ])('may not be %j', (text) => expect(isDnsServer(text)).toBe(false))
})

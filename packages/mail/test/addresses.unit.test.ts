import { describe, expect, it } from '@jest/globals'
import { isAddress, parseSender, readAddresses } from '@waybill/mail'

describe('addresses', () => {
  it('reads a list with commas, each address once', () => {
    expect(readAddresses(' ops@yard.test,dev@yard.test , ,ops@yard.test')).toEqual([
      'ops@yard.test',
      'dev@yard.test',
    ])
  })

  it.each(['ops@yard.test', 'o.p+s@yard.test', 'müller@yard.test'])('takes %s', (text) => {
    expect(isAddress(text)).toBe(true)
  })

  it.each([
    '',
    'ops',
    '@yard.test',
    'ops@',
    'a@b@c',
    'a b@yard.test',
    'a@yard.test\n',
    '<a@yard.test>',
    'a"b@c',
  ])('refuses %j', (text) => {
    expect(isAddress(text)).toBe(false)
  })

  it('reads a sender with and without a name', () => {
    expect(parseSender('waybill@localhost')).toEqual({ name: '', address: 'waybill@localhost' })
    expect(parseSender('Way Bill <way@yard.test>')).toEqual({ name: 'Way Bill', address: 'way@yard.test' })
    expect(parseSender('"Yard, Inc." <way@yard.test>')).toEqual({
      name: 'Yard, Inc.',
      address: 'way@yard.test',
    })
    for (const bad of ['Way Bill', 'Way <nope>', 'a\r\nBcc: x <way@yard.test>', '<a@b.test> <c@d.test>'])
      expect(parseSender(bad)).toBeUndefined()
  })
})

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isSuccess, parseSuccessCode, profiles } from '@waybill/domain'

function accepted(text: string): number[] {
  const rule = parseSuccessCode(text)
  if (!rule) throw new Error(`not parsed: ${text}`)
  return Array.from({ length: 500 }, (_, i) => 100 + i).filter((status) =>
    isSuccess(status, rule, profiles.standard),
  )
}

const between = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('success code', () => {
  it.each([
    ['200', [200]],
    ['2XX', between(200, 299)],
    ['2xx', between(200, 299)],
    ['200,204', [200, 204]],
    [' 200 , 204 ', [200, 204]],
    ['200-299', between(200, 299)],
    ['200 - 202', between(200, 202)],
    ['200,210-212,3xx', [200, ...between(210, 212), ...between(300, 399)]],
    ['404', [404]],
  ])('%p accepts just its own statuses', (text, statuses) => {
    expect(accepted(text)).toEqual(statuses)
  })

  it.each([
    '',
    ' ',
    ',',
    '200,',
    '20',
    '2000',
    '0xx',
    '1XX',
    '6xx',
    '2x',
    '2xxx',
    'ok',
    '100',
    '199',
    '600',
    '299-200',
    '200-',
    '-200',
    '200-2xx',
    '+200',
    '2e2',
    '200.0',
    '200;204',
    '٢٠٠',
    '200,'.repeat(64) + '200',
  ])('%p is refused', (text) => {
    expect(parseSuccessCode(text)).toBeUndefined()
  })

  it('never throws, whatever was typed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const rule = parseSuccessCode(text)
        expect(rule === undefined || rule.length > 0).toBe(true)
      }),
    )
  })

  it('replaces the profile’s rule entirely when it is set', () => {
    expect(isSuccess(204, parseSuccessCode('200'), profiles['planomatic-v2'])).toBe(false)
    expect(isSuccess(302, parseSuccessCode('200'), profiles.nursa)).toBe(false)
  })

  it('leaves the decision to the profile when it is not set', () => {
    for (const name of ['planomatic-v2', 'planomatic-v3', 'planning-center', 'standard'] as const) {
      expect(
        [199, 200, 299, 300, 304, 400, 500].filter((s) => isSuccess(s, undefined, profiles[name])),
      ).toEqual([200, 299])
    }
    expect([200, 302, 399, 400, 500].filter((s) => isSuccess(s, undefined, profiles.nursa))).toEqual([
      200, 302, 399,
    ])
  })
})

import { describe, expect, it } from '@jest/globals'
import { limitErrors } from '../src/limit-errors.ts'

describe('limited errors', () => {
  it('pass once per message and period', () => {
    let now = 1_000
    const seen: string[] = []
    const report = limitErrors(
      (error) => seen.push(error.message),
      5_000,
      () => now,
    )
    for (const message of ['away', 'away', 'full']) report(new Error(message))
    expect(seen).toEqual(['away', 'full'])
    now += 5_000
    report(new Error('away'))
    expect(seen).toEqual(['away', 'full', 'away'])
  })

  it('survive a listener that throws', () => {
    const report = limitErrors(() => {
      throw new Error('the logger is broken')
    })
    expect(() => report(new Error('away'))).not.toThrow()
  })
})

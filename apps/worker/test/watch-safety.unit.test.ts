import { describe, expect, it } from '@jest/globals'
import { watchSafety } from '../src/health/watch-safety.ts'

describe.each(['queue', 'database'] as const)('watching whether the %s is safe', (name) => {
  it('shows and tells each change once, and keeps what it knew while it is away', async () => {
    const told: unknown[] = []
    const log = (event: string, fields?: object) => void told.push([event, fields])
    const away = new Error('away')
    const answers = [
      away,
      undefined,
      'it evicts',
      'it evicts',
      away,
      'it evicts',
      'it forgets',
      undefined,
      undefined,
    ]
    const ask = async () => {
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return answer
    }
    const show = (unsafe: boolean) => void told.push(unsafe)
    const look = watchSafety({ name, ask, show }, { warn: log, info: log })
    while (answers.length > 0) await look()
    expect(told).toEqual([
      true,
      [`${name}.unsafe`, { problem: 'it evicts' }],
      true,
      [`${name}.unsafe`, { problem: 'it forgets' }],
      false,
      [`${name}.mended`, {}],
    ])
  })
})

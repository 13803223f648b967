import { describe, expect, it } from '@jest/globals'
import { watchDurability } from '../src/health/watch-durability.ts'

describe('watching the durability of the database', () => {
  it('shows and tells each change once, and keeps what it knew while the database is away', async () => {
    const told: unknown[] = []
    const log = (event: string, fields?: object) => void told.push([event, fields])
    const answers: (string | undefined | Error)[] = []
    const ask = async () => {
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return answer
    }
    const look = watchDurability({ ask, logger: { error: log, info: log } }, (is) => void told.push(is))
    const away = new Error('away')
    answers.push(
      away,
      undefined,
      'off is fsync',
      'off is fsync',
      away,
      'off is fsync, full_page_writes',
      undefined,
    )
    while (answers.length > 0) await look()
    expect(told).toEqual([
      true,
      ['database.unsafe', { problem: 'off is fsync' }],
      true,
      ['database.unsafe', { problem: 'off is fsync, full_page_writes' }],
      false,
      ['database.mended', {}],
    ])
  })
})

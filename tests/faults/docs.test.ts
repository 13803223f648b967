import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { allScenarios } from './support/find-scenarios.ts'
import { printAmount } from './support/magnitude.ts'

describe('docs/faults.md', () => {
  it('lists every scenario with its magnitudes, and no other', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/faults.md'), 'utf8')
    const rows = (await allScenarios()).map(({ id, backends, title, magnitude }) => [
      id,
      backends.join(', '),
      title,
      magnitude ? printAmount(magnitude, magnitude.usual) : '',
      magnitude ? printAmount(magnitude, magnitude.listed) : '',
    ])
    const lines = text.split('\n').filter((line) => /^\| F\d/.test(line))
    const cells = lines.map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    expect(cells).toEqual(rows)
  })
})

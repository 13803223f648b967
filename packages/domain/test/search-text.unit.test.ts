import { describe, expect, it } from '@jest/globals'
import { foldText, searchText, triggerSearchText } from '../src/index.ts'

describe('a folded text', () => {
  it.each([
    ['9 ELM Rd', '9 elm rd'],
    ['ÜNTERWEG', 'ünterweg'],
    ['УЛИЦА', 'улица'],
    ['ΟΔΟΣ', 'οδος'],
    ['E\u0301lan', 'Élan'],
  ])('is the same for %s and %s', (one, other) => {
    expect(foldText(one)).toBe(foldText(other))
  })

  it('ends in the same letter wherever the text is cut', () => {
    expect(foldText('ΟΔΟΣΑΡΙΟΝ')).toContain(foldText('ΟΔΟΣ'))
  })
})

describe('a search text', () => {
  const texts = [
    '9 Elm Rd, Boulder',
    'Größe 5',
    'ß',
    'ö',
    'öß',
    '北京市',
    '京',
    '😀 Way',
    '',
    'z',
    'zaap',
    '%_\\',
  ]

  it('is ASCII whatever it is made of', () => {
    expect(texts.map(searchText).join('')).toMatch(/^[ -~]*$/)
  })

  it('is within another exactly when the folded texts are', () => {
    const pieces = [...texts, ...texts.flatMap((text) => Array.from(text)), 'aapg', 'pg', 'r\u00f6', '\u0af6']
    for (const whole of pieces)
      for (const part of pieces)
        expect(`${whole} ${part} ${searchText(whole).includes(searchText(part))}`).toBe(
          `${whole} ${part} ${foldText(whole).includes(foldText(part))}`,
        )
  })

  it('keeps the parts of a trigger apart, whatever they hold', () => {
    const text = triggerSearchText('9 Elm\u001F Rd', 'A\u001F7')
    expect(text.split('\u001F')).toEqual(['9 elm  rd', 'a 7'])
    expect(triggerSearchText(null, null)).toBe('\u001F')
  })
})

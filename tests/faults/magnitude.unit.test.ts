import { describe, expect, it } from '@jest/globals'
import { readFaultOptions } from './options.ts'
import { describeFault, magnitudeOf } from './support/magnitude.ts'
import type { Scenario } from './support/scenario.ts'

const scenario: Scenario = {
  id: 'F1',
  title: 'it is away',
  backends: ['redis'],
  run: () => Promise.reject(new Error('this one is not run')),
}
const away: Scenario = { ...scenario, magnitude: { unit: 's', usual: 20, listed: 300 } }
const night: Scenario = {
  ...scenario,
  magnitude: { unit: 's', usual: 45, listed: 600, asked: (given) => given.night && given.night.minutes * 60 },
}
const backlog: Scenario = {
  ...scenario,
  magnitude: { unit: 'deliveries', usual: 100_000, listed: 1_000_000, asked: (given) => given.backlog },
}

describe('--full', () => {
  it('is off unless it is given, and goes with --all and with faults', () => {
    expect(readFaultOptions(['--all']).full).toBe(false)
    expect(readFaultOptions(['--all', '--full'])).toMatchObject({ all: true, full: true })
    expect(readFaultOptions(['f31', '--full', '--backend', 'redis'])).toMatchObject({
      ids: ['F31'],
      full: true,
      backend: 'redis',
    })
  })

  it.each([[['--full']], [['--night', '--full']]])(
    'is refused where no fault has a listed magnitude: %j',
    (args) => {
      expect(() => readFaultOptions(args)).toThrow('--full is for')
    },
  )
})

describe('the magnitude of a fault', () => {
  it('is the usual one, and the listed one in full', () => {
    expect(magnitudeOf(away, readFaultOptions(['F1']))).toBe(20)
    expect(magnitudeOf(away, readFaultOptions(['F1', '--full']))).toBe(300)
    expect(magnitudeOf(scenario, readFaultOptions(['F1', '--full']))).toBe(0)
  })

  it('is what the command line asks for, in full too', () => {
    expect(magnitudeOf(backlog, readFaultOptions(['F63']))).toBe(100_000)
    expect(magnitudeOf(backlog, readFaultOptions(['F63', '--full']))).toBe(1_000_000)
    expect(magnitudeOf(backlog, readFaultOptions(['F63', '--full', '--backlog', '5000']))).toBe(5_000)
    expect(magnitudeOf(night, readFaultOptions(['--night', '--minutes', '3']))).toBe(180)
  })

  it('is told with the fault, and whether it is the listed one', () => {
    expect(describeFault(scenario, { full: true })).toBe('it is away')
    expect(describeFault(away, {})).toBe('it is away: 20 s')
    expect(describeFault(away, { full: true })).toBe('it is away: 5 min, as listed')
    expect(describeFault(backlog, {})).toBe('it is away: 100,000 deliveries')
    expect(describeFault(backlog, { backlog: 1_000_000 })).toBe('it is away: 1,000,000 deliveries, as listed')
  })
})

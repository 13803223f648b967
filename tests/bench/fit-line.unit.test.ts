import { describe, expect, it } from '@jest/globals'
import { fitLine } from './support/fit-line.ts'

describe('fitLine', () => {
  it('finds a line without error', () => {
    const points = [0, 10, 20, 30].map((at) => ({ at, value: 5 + 0.5 * at }))
    expect(fitLine(points)).toEqual({ slope: 0.5, error: 0 })
  })

  // The example of https://en.wikipedia.org/wiki/Simple_linear_regression#Numerical_example
  it('tells how far chance may have bent it', () => {
    const heights = [1.47, 1.5, 1.52, 1.55, 1.57, 1.6, 1.63, 1.65, 1.68, 1.7, 1.73, 1.75, 1.78, 1.8, 1.83]
    const masses = [
      52.21, 53.12, 54.48, 55.84, 57.2, 58.57, 59.93, 61.29, 63.11, 64.47, 66.28, 68.1, 69.92, 72.19, 74.46,
    ]
    const line = fitLine(heights.map((at, i) => ({ at, value: masses[i] ?? Number.NaN })))
    expect(line.slope).toBeCloseTo(61.272, 3)
    expect(line.error).toBeCloseTo(1.776, 3)
  })

  it('says nothing of two points', () => {
    expect(
      fitLine([
        { at: 0, value: 1 },
        { at: 1, value: 2 },
      ]).slope,
    ).toBeNaN()
  })
})

export type Spread = { median: number; min: number; max: number }

/** Of no values, all three are NaN. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  }
}

/** Nearest-rank percentiles; NaN values are left out. */
export function percentiles(values: Float64Array, wanted: readonly number[]): number[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  return wanted.map((p) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN)
}

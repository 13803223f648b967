/** A point of a series: when, in seconds, and how much. */
export type Point = { at: number; value: number }

/** The straight line through points by least squares: its slope per second and the slope's standard error. */
export type Line = { slope: number; error: number }

/** Of fewer than three points, both are NaN: nothing tells chance from a trend. */
export function fitLine(points: readonly Point[]): Line {
  const n = points.length
  if (n < 3) return { slope: Number.NaN, error: Number.NaN }
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / n
  const [at, value] = [mean((point) => point.at), mean((point) => point.value)]
  const spread = points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)
  const slope = points.reduce((sum, point) => sum + (point.at - at) * (point.value - value), 0) / spread
  const left = points.reduce((sum, point) => sum + (point.value - value - slope * (point.at - at)) ** 2, 0)
  return { slope, error: Math.sqrt(left / (n - 2) / spread) }
}

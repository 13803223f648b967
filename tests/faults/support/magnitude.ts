import type { Scenario } from './scenario.ts'

/** How much of a fault is injected, at least: usually, and as the fault is listed. */
export type Magnitude = {
  unit: 's' | 'jobs' | 'deliveries'
  usual: number
  listed: number
  /** What the command line asks for in words that only this fault knows. */
  asked?: (given: Given) => number | undefined
}

/** What of the command line decides a magnitude. */
export type Given = {
  /** Everything as it is listed. */
  full?: boolean | undefined
  /** How many deliveries wait when F63 starts everything. */
  backlog?: number | undefined
  /** Of `--night`. */
  night?: { minutes: number; triggers: number } | undefined
}

/** In the scenario's unit; 0 where it has none. */
export function magnitudeOf({ magnitude }: Scenario, given: Given): number {
  if (magnitude === undefined) return 0
  return magnitude.asked?.(given) ?? (given.full ? magnitude.listed : magnitude.usual)
}

/** What is injected with its magnitude, and whether that is the listed one. */
export function describeFault(scenario: Scenario, given: Given): string {
  const { title, magnitude } = scenario
  if (magnitude === undefined) return title
  const amount = magnitudeOf(scenario, given)
  return `${title}: ${printAmount(magnitude, amount)}${amount === magnitude.listed ? ', as listed' : ''}`
}

/** Such as `90 s`, `5 min` or `10,000 jobs`. */
export function printAmount({ unit }: Magnitude, amount: number): string {
  if (unit === 's' && amount >= 120 && amount % 60 === 0) return `${amount / 60} min`
  return `${amount.toLocaleString('en')} ${unit}`
}

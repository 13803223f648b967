import type { Profile } from './profiles.ts'

/**
 * The gap in ms after the `failures`-th counted failure (from 1), before jitter and Retry-After; undefined when the
 * schedule has ended.
 */
export function retryGapMs(profile: Pick<Profile, 'schedule'>, failures: number): number | undefined {
  const { gapsMs, afterLast } = profile.schedule
  return gapsMs[failures - 1] ?? (afterLast === 'repeat' ? gapsMs.at(-1) : undefined)
}

/** The same profile on another clock: 0.001 turns every minute of waiting into 60 ms. Counts and rules stay. */
export function scaleSchedule(profile: Profile, factor: number): Profile {
  if (!(factor > 0) || !Number.isFinite(factor)) throw new RangeError(`not a clock factor: ${factor}`)
  const scale = (ms: number) => Math.max(1, Math.round(ms * factor))
  const scaleIfSet = (ms: number | null) => (ms === null ? null : scale(ms))
  return {
    ...profile,
    schedule: { ...profile.schedule, gapsMs: profile.schedule.gapsMs.map(scale) },
    retryAfterCapMs: scale(profile.retryAfterCapMs),
    defaultHorizonMs: scale(profile.defaultHorizonMs),
    deactivateAfterFailingMs: scaleIfSet(profile.deactivateAfterFailingMs),
    mailAfter: { ...profile.mailAfter, failingMs: scaleIfSet(profile.mailAfter.failingMs) },
  }
}

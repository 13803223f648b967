import { describe, expect, it } from '@jest/globals'
import {
  profileByCode,
  profileCode,
  profileNames,
  profiles,
  retryGapMs,
  scaleSchedule,
} from '@waybill/domain'
import type { Profile } from '@waybill/domain'

const HOUR = 3_600_000

function gapsInSeconds(profile: Profile, most: number): number[] {
  const gaps = Array.from({ length: most }, (_, i) => retryGapMs(profile, i + 1))
  return gaps.flatMap((gap) => (gap === undefined ? [] : [gap / 1_000]))
}

describe('profiles', () => {
  it('repeat every six minutes for PlanOmatic, until the horizon of 72 hours ends it', () => {
    for (const name of ['planomatic-v2', 'planomatic-v3'] as const) {
      expect(retryGapMs(profiles[name], 1)).toBe(360_000)
      expect(retryGapMs(profiles[name], 5_000)).toBe(360_000)
      expect(profiles[name].defaultHorizonMs).toBe(72 * HOUR)
      expect(profiles[name].mailAfter.failures).toBe(10)
    }
  })

  it('resend three times for Nursa', () => {
    expect(gapsInSeconds(profiles.nursa, 10)).toEqual([300, 1_800, 3_600])
  })

  it('make 16 retries within the documented 5.4 days for Planning Center', () => {
    const gaps = gapsInSeconds(profiles['planning-center'], 30)
    expect(gaps).toHaveLength(16)
    expect(gaps.slice(0, 4)).toEqual([30, 60, 120, 240])
    expect(gaps.reduce((sum, gap) => sum + gap, 0)).toBe(122_850 + 4 * 86_400)
  })

  it('back off over twelve retries for standard', () => {
    expect(gapsInSeconds(profiles.standard, 30)).toEqual([
      5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 43_200, 64_800, 86_400,
    ])
  })

  it('have horizons that outlast their schedules, jitter included', () => {
    for (const profile of Object.values(profiles)) {
      if (profile.schedule.afterLast === 'repeat') continue
      const total = profile.schedule.gapsMs.reduce((sum, gap) => sum + gap, 0)
      expect(total * (1 + profile.jitter)).toBeLessThan(profile.defaultHorizonMs)
    }
  })

  it('keep the codes that rows already carry', () => {
    expect(profileNames.map((name) => [name, profileCode(name)])).toEqual([
      ['planomatic-v2', 1],
      ['planomatic-v3', 2],
      ['nursa', 3],
      ['planning-center', 4],
      ['standard', 5],
    ])
    for (const name of profileNames) expect(profileByCode(profileCode(name))).toBe(name)
    expect(profileByCode(6)).toBeUndefined()
  })
})

describe('a scaled schedule', () => {
  it('multiplies every duration and leaves counts and rules alone', () => {
    const fast = scaleSchedule(profiles['planning-center'], 0.001)
    expect(fast).toEqual({
      ...profiles['planning-center'],
      schedule: { ...profiles['planning-center'].schedule, gapsMs: expect.any(Array) },
      retryAfterCapMs: 86_400,
      defaultHorizonMs: 7 * 86_400,
      mailAfter: { failures: null, failingMs: 3_600, giveUp: true },
    })
    expect(gapsInSeconds(fast, 30)).toEqual(
      gapsInSeconds(profiles['planning-center'], 30).map((gap) => gap / 1_000),
    )
    expect(scaleSchedule(profiles['planomatic-v2'], 0.001).mailAfter.failures).toBe(10)
    expect(scaleSchedule(profiles.standard, 0.5).deactivateAfterFailingMs).toBe(60 * HOUR)
  })

  it('never comes to a gap of zero, which would be a busy loop', () => {
    expect(retryGapMs(scaleSchedule(profiles.standard, 1e-9), 1)).toBe(1)
  })

  it.each([0, -1, Number.NaN, Infinity])('does not exist for the factor %p', (factor) => {
    expect(() => scaleSchedule(profiles.standard, factor)).toThrow(RangeError)
  })
})

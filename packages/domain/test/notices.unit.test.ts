import { describe, expect, it } from '@jest/globals'
import { noticesAfter, profiles, scaleSchedule, type Decision } from '../src/index.ts'

const retry = (failures: number): Decision => ({ kind: 'retry', delayMs: 1, failures })
const giveUp = (deactivate: boolean): Decision => ({ kind: 'give-up', reason: 'exhausted', deactivate })
const failuresWithNotice = (profile: keyof typeof profiles, scale = 1) =>
  Array.from({ length: 40 }, (_, i) => i + 1).filter(
    (failures) => noticesAfter(retry(failures), failures, scaleSchedule(profiles[profile], scale)).length > 0,
  )

describe('noticesAfter', () => {
  it('tells of a PlanOmatic delivery at its tenth failure and at no other', () => {
    expect(failuresWithNotice('planomatic-v2')).toEqual([10])
    expect(noticesAfter(retry(10), 10, profiles['planomatic-v3'])).toEqual(['delivery_failing'])
  })

  it('tells of a Planning Center endpoint at the failure that comes an hour after the first', () => {
    // 30 s + 1 + 2 + 4 + 8 + 16 + 32 min lie before the eighth attempt.
    expect(failuresWithNotice('planning-center')).toEqual([8])
    expect(failuresWithNotice('planning-center', 0.001)).toEqual([8])
    expect(noticesAfter(retry(8), 8, profiles['planning-center'])).toEqual(['subscription_failing'])
  })

  it('never tells of a Nursa webhook', () => {
    expect(failuresWithNotice('nursa')).toEqual([])
    expect(noticesAfter(giveUp(false), 4, profiles.nursa)).toEqual([])
  })

  it('tells that a delivery was given up, unless the end of its subscription says so', () => {
    expect(noticesAfter(giveUp(false), 3, profiles['planomatic-v2'])).toEqual(['delivery_given_up'])
    expect(noticesAfter(giveUp(true), 17, profiles['planning-center'])).toEqual([])
  })

  it('tells both when the tenth failure is also the last', () => {
    expect(noticesAfter(giveUp(false), 10, profiles['planomatic-v2'])).toEqual([
      'delivery_failing',
      'delivery_given_up',
    ])
  })

  it('has nothing to tell of a success', () => {
    expect(noticesAfter({ kind: 'delivered' }, 10, profiles['planomatic-v2'])).toEqual([])
  })
})

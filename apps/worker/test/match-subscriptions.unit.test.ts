import { describe, expect, it } from '@jest/globals'
import { plannedHow, type StoredTrigger } from '@waybill/db'
import { profiles, type ProfileName } from '@waybill/domain'
import { matchSubscriptions } from '../src/fan-out/match-subscriptions.ts'
import type { Subscriber } from '../src/subscriptions/create-snapshot.ts'

const trigger = { createdAtMs: 1_000, duplicate: false } as StoredTrigger
const subscriber = (id: number, changes: Partial<Subscriber> & { profile?: number; of?: ProfileName } = {}) =>
  ({
    id,
    revision: id * 10,
    state: 'active',
    createdAtMs: 0,
    filters: {},
    settings: profiles[changes.of ?? 'standard'],
    ...changes,
  }) as Subscriber
const how = (given: StoredTrigger, listening: Subscriber[], firstSeenMs?: number) =>
  matchSubscriptions(given, 3, listening, firstSeenMs).map((planned) => [planned.subscription, planned.how])

describe('matching', () => {
  it('plans a send with the revision of the moment', () => {
    expect(matchSubscriptions(trigger, 3, [subscriber(4)], undefined)).toEqual([
      { offset: 3, subscription: 4, revision: 40, how: plannedHow.send },
    ])
  })

  it('leaves out what is not older than the trigger', () => {
    expect(
      how(trigger, [subscriber(1, { createdAtMs: 1_000 }), subscriber(2, { createdAtMs: 999 })]),
    ).toEqual([[2, plannedHow.send]])
  })

  it('plans only for those who listen at the facility, where they name some', () => {
    const at = (facilities: string[]) => ({ filters: { facilities } })
    const listening = [subscriber(1, at(['NUR-1', 'NUR-2'])), subscriber(2, at(['NUR-3'])), subscriber(3)]
    const planned = (facilityId: string | null) =>
      how({ ...trigger, facilityId }, listening).map(([subscription]) => subscription)
    expect(planned('NUR-2')).toEqual([1, 3])
    expect(planned(null)).toEqual([3])
  })

  it('leaves deliveries of a paused subscription pending', () => {
    expect(how(trigger, [subscriber(1, { state: 'paused' })])).toEqual([[1, plannedHow.pending]])
  })

  it('skips for an inactive subscription only where the vendor shows skipped events', () => {
    const inactive = { state: 'inactive' } as const
    expect(
      how(trigger, [subscriber(1, inactive), subscriber(2, { ...inactive, of: 'planning-center' })]),
    ).toEqual([[2, plannedHow.skipped]])
  })

  it('marks a repeated occurrence for those who were there at the first, and sends it to the others', () => {
    const duplicate = { ...trigger, duplicate: true }
    const early = subscriber(1, { createdAtMs: 100 })
    const late = subscriber(2, { createdAtMs: 600 })
    expect(how(duplicate, [early, late], 500)).toEqual([
      [1, plannedHow.duplicated],
      [2, plannedHow.send],
    ])
  })
})

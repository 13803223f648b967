import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { catalogue } from '@waybill/domain'
import type { FieldProblem } from '../src/http/problem.ts'
import { checkTrigger } from '../src/triggers/check-trigger.ts'

type Data = Record<string, unknown>

const at = '2025-03-04T10:00:00.000Z'
const shift = { shiftId: '880012', facilityId: 'NUR-000042', at }
const clinician = { ...shift, clinicianId: 31 }
const person = { userId: 'u_17', firstName: 'Ada', lastName: 'Ray', email: 'ops@clinic.test', source: 'web' }
const connection = { facilityId: 'NUR-000042', userId: 'u_17' }

/** Every documented member of every event. */
const complete: Record<string, Data> = {
  'shift.created': {
    ...shift,
    from: '2025-03-05T07:00:00Z',
    to: '2025-03-05T19:00:00+02:00',
    licenseType: 'RN',
    description: '',
    breakTime: 'PT30M',
    autoScheduleSettings: { enabled: true, enabledOrigins: ['Favorites'] },
    createdBy: person,
  },
  'shift.request.created': { ...clinician, clinicianContactPhone: '+1 303', requestedBy: person },
  'shift.request.cancelled': { ...clinician, clinicianContactPhone: '+1 303', cancelledBy: person },
  'shift.scheduled': {
    ...shift,
    clinician: { id: 'c_1', firstName: 'Ida', lastName: 'Moe', email: 'ida@clinic.test' },
    scheduledBy: { ...person, autoScheduleContext: { issued: true, origin: 'Screenings' } },
  },
  'shift.scheduled.cancelled': { ...clinician, clinicianContactPhone: '+1 303', cancelledBy: person },
  'shift.cancelled': { ...shift, reason: 'Talent not needed', cancelledBy: person },
  'shift.report.created': { ...shift, reportType: 'clinician', createdBy: person },
  'shift.report.accepted': { ...clinician, reportType: 'facility', acceptedBy: person },
  'shift.report.accepted-automatically': { ...clinician, reportType: 'facility', acceptedBy: person },
  'shift.report.rejected': { ...clinician, reportType: 'facility', rejectedBy: person },
  'facility.user-connection.accepted': connection,
  'facility.user-connection.rejected': connection,
  'facility.creation.accepted': { facilityId: 'NUR-000042' },
  'facility.creation.rejected': { facilityName: 'Clinic' },
}
/** Those that an event cannot be without. */
const required: Record<string, string[]> = {
  'shift.created': ['shiftId', 'facilityId', 'at', 'from', 'to', 'licenseType'],
  'shift.request.created': ['shiftId', 'facilityId', 'at', 'clinicianId'],
  'shift.request.cancelled': ['shiftId', 'facilityId', 'at', 'clinicianId'],
  'shift.scheduled': ['shiftId', 'facilityId', 'at', 'clinician'],
  'shift.scheduled.cancelled': ['shiftId', 'facilityId', 'at', 'clinicianId'],
  'shift.cancelled': ['shiftId', 'facilityId', 'at', 'reason'],
  'shift.report.created': ['shiftId', 'facilityId', 'at', 'reportType'],
  'shift.report.accepted': ['shiftId', 'facilityId', 'at', 'clinicianId', 'reportType'],
  'shift.report.accepted-automatically': ['shiftId', 'facilityId', 'at', 'clinicianId', 'reportType'],
  'shift.report.rejected': ['shiftId', 'facilityId', 'at', 'clinicianId', 'reportType'],
  'facility.user-connection.accepted': ['facilityId', 'userId'],
  'facility.user-connection.rejected': ['facilityId', 'userId'],
  'facility.creation.accepted': ['facilityId'],
  'facility.creation.rejected': ['facilityName'],
}
const names = Object.keys(complete)

function check(name: string, data: Data, change: Data = {}) {
  const problems: FieldProblem[] = []
  const body = { integration_id: 12, kind: 'facility_event', name, data, ...change }
  const checked = checkTrigger(body, JSON.stringify(body), '', Date.now(), problems)
  return { checked, found: problems.map(({ code, pointer }) => `${code} ${pointer}`) }
}

describe('the data of a facility event', () => {
  it('is known for each of the 14 events', () => {
    const known = catalogue.filter((entry) => entry.kind === 'facility_event').map((entry) => entry.name)
    expect(names.toSorted()).toEqual(known.toSorted())
  })

  it.each(names)('of %s is taken with every documented member, and with the needed ones alone', (name) => {
    const data = complete[name] ?? {}
    expect(check(name, data).found).toEqual([])
    const least = Object.fromEntries(
      Object.entries(data).filter(([member]) => required[name]?.includes(member)),
    )
    expect(check(name, least).found).toEqual([])
    expect(check(name, { ...data, more: { of: 'theirs' } }).found).toEqual([])
  })

  it.each(names)('of %s is refused without what it needs, all of it at once', (name) => {
    const missing = (required[name] ?? []).map((member) => `required /data/${member}`)
    expect(check(name, {}).found.toSorted()).toEqual(missing.toSorted())
    const nothing = Object.fromEntries((required[name] ?? []).map((member) => [member, null]))
    expect(check(name, nothing).found.toSorted()).toEqual(missing.toSorted())
  })

  it.each(names)('of %s is refused when a member has another type, each by its pointer', (name) => {
    const data = complete[name] ?? {}
    const wrong = Object.fromEntries(Object.keys(data).map((member) => [member, true]))
    const expected = Object.keys(data).map((member) => `invalid_type /data/${member}`)
    expect(check(name, wrong).found.toSorted()).toEqual(expected.toSorted())
  })

  it.each<[string, Data, string]>([
    ['shift.cancelled', { shiftId: ' ' }, 'too_short /data/shiftId'],
    ['shift.cancelled', { shiftId: 2 ** 60 }, 'unsafe_integer /data/shiftId'],
    ['shift.cancelled', { shiftId: 'x'.repeat(256) }, 'invalid_format /data/shiftId'],
    ['shift.cancelled', { facilityId: 'x'.repeat(129) }, 'invalid_facility_id /data/facilityId'],
    ['shift.cancelled', { at: '2025-03-04' }, 'invalid_timestamp /data/at'],
    ['shift.cancelled', { at: '2025-02-30T10:00:00Z' }, 'invalid_timestamp /data/at'],
    ['shift.cancelled', { cancelledBy: { userId: true } }, 'invalid_type /data/cancelledBy/userId'],
    ['shift.cancelled', { cancelledBy: { email: 5 } }, 'invalid_type /data/cancelledBy/email'],
    ['shift.cancelled', { cancelledBy: [] }, 'invalid_type /data/cancelledBy'],
    ['shift.created', { breakTime: '30 minutes' }, 'invalid_format /data/breakTime'],
    ['shift.created', { breakTime: 'P' }, 'invalid_format /data/breakTime'],
    ['shift.created', { to: 'later' }, 'invalid_timestamp /data/to'],
    [
      'shift.created',
      { autoScheduleSettings: { enabled: 'yes' } },
      'invalid_type /data/autoScheduleSettings/enabled',
    ],
    [
      'shift.created',
      { autoScheduleSettings: { enabledOrigins: ['a', 5] } },
      'invalid_type /data/autoScheduleSettings/enabledOrigins/1',
    ],
    ['shift.scheduled', { clinician: {} }, 'required /data/clinician/id'],
    [
      'shift.scheduled',
      { scheduledBy: { autoScheduleContext: { issued: 1 } } },
      'invalid_type /data/scheduledBy/autoScheduleContext/issued',
    ],
  ])('of %s with %j is %s', (name, change, found) => {
    expect(check(name, { ...complete[name], ...change }).found).toEqual([found])
  })

  it('gives the trigger its facility and its order, unless these stand beside it', () => {
    const data = complete['shift.cancelled'] ?? {}
    expect(check('shift.cancelled', data).checked?.trigger).toMatchObject({
      facilityId: 'NUR-000042',
      orderId: '880012',
    })
    expect(
      check('shift.cancelled', data, { facility_id: 'P-1', order_id: 7 }).checked?.trigger,
    ).toMatchObject({
      facilityId: 'P-1',
      orderId: '7',
    })
    expect(check('facility.creation.rejected', { facilityName: 'x' }).checked?.trigger.facilityId).toBeNull()
  })

  it('is looked at as well when it was sent as order', () => {
    const change = { data: undefined, order: { ...complete['shift.cancelled'], at: 5 } }
    expect(check('shift.cancelled', {}, change).found).toEqual(['invalid_type /order/at'])
  })

  it('of other kinds of triggers is not looked at', () => {
    const change = { kind: 'order_event', order_id: 1 }
    expect(check('order.delivered', { shiftId: true }, change).found).toEqual([])
  })

  it('in examples/orders.json is good at every step', async () => {
    const file = new URL('../../../examples/orders.json', import.meta.url)
    const { shifts } = JSON.parse(await readFile(file, 'utf8')) as {
      shifts: { data: Data; steps: { name: string; adds?: Data }[] }[]
    }
    const found = shifts.flatMap(({ data, steps }) => {
      let snapshot = data
      return steps.flatMap(({ name, adds }) => {
        snapshot = { ...snapshot, ...adds }
        return check(name, snapshot).found.map((one) => `${name}: ${one}`)
      })
    })
    expect(found).toEqual([])
    expect(shifts.length).toBeGreaterThan(0)
  })
})

import { describe, expect, it } from '@jest/globals'
import {
  catalogue,
  catalogueById,
  findByDialectName,
  findEvent,
  nearNames,
  orderEventTypes,
  orderStatuses,
  profileNames,
} from '@waybill/domain'

describe('catalogue', () => {
  it('holds 20 statuses, 12 order events and 14 facility events', () => {
    expect(orderStatuses).toHaveLength(20)
    expect(orderEventTypes).toHaveLength(12)
    expect(catalogue.filter((entry) => entry.kind === 'facility_event')).toHaveLength(14)
    expect(catalogue).toHaveLength(46)
  })

  it('gives every entry an id and, in each dialect, a name of its own', () => {
    expect(new Set(catalogue.map((entry) => entry.id)).size).toBe(catalogue.length)
    for (const profile of profileNames) {
      const names = catalogue.flatMap((entry) => entry.dialects[profile] ?? [])
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('keeps the ids that rows already carry', () => {
    expect(catalogueById(1)?.name).toBe('assembly')
    expect(catalogueById(20)?.name).toBe('unscheduled')
    expect(catalogueById(101)?.name).toBe('order.received')
    expect(catalogueById(112)?.name).toBe('order.submitted')
    expect(catalogueById(201)?.name).toBe('shift.created')
    expect(catalogueById(214)?.name).toBe('facility.creation.rejected')
    expect(catalogueById(21)).toBeUndefined()
  })

  it('never folds canceled and cancelled', () => {
    expect(findEvent('order_status', 'canceled')?.id).not.toBe(findEvent('order_status', 'cancelled')?.id)
  })

  it('gives each profile its kinds only', () => {
    const kindsOf = (profile: (typeof profileNames)[number]) => [
      ...new Set(catalogue.filter((entry) => entry.dialects[profile]).map((entry) => entry.kind)),
    ]
    expect(kindsOf('planomatic-v2')).toEqual(['order_status'])
    expect(kindsOf('planomatic-v3')).toEqual(['order_event'])
    expect(kindsOf('nursa')).toEqual(['facility_event'])
    expect(kindsOf('planning-center')).toEqual(['order_status', 'order_event', 'facility_event'])
    expect(kindsOf('standard')).toEqual(['order_status', 'order_event', 'facility_event'])
  })

  it.each([
    ['planomatic-v2', 'on_site', 'order_status'],
    ['planomatic-v3', 'appointment.unable_to_complete', 'order_event'],
    ['nursa', 'shift.report.accepted-automatically', 'facility_event'],
    ['planning-center', 'orders.v2.events.order.delivered', 'order_event'],
    ['planning-center', 'orders.v2.events.order_status.scheduled', 'order_status'],
    ['planning-center', 'facilities.v2.events.shift_report.accepted_automatically', 'facility_event'],
    ['standard', 'order.delivered', 'order_event'],
    ['standard', 'order.status.scheduled', 'order_status'],
    ['standard', 'shift.report.accepted_automatically', 'facility_event'],
    ['standard', 'facility.user_connection.rejected', 'facility_event'],
  ] as const)('knows what %s calls %s', (profile, name, kind) => {
    expect(findByDialectName(profile, name)).toMatchObject({ kind, dialects: { [profile]: name } })
  })

  it('writes names that every receiver of the dialect can take apart', () => {
    for (const { dialects } of catalogue) {
      expect(dialects['planning-center']).toMatch(/^[a-z]+\.v2\.events\.[a-z_]+\.[a-z_]+$/)
      expect(dialects.standard).toMatch(/^[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*$/)
    }
  })

  it('finds order events by full and by short name, other kinds by their name only', () => {
    expect(findEvent('order_event', 'scheduled')?.name).toBe('appointment.scheduled')
    expect(findEvent('order_event', 'appointment.scheduled')?.name).toBe('appointment.scheduled')
    expect(findEvent('order_event', 'order.scheduled')).toBeUndefined()
    expect(findEvent('facility_event', 'created')).toBeUndefined()
    expect(findEvent('order_status', 'constructor')).toBeUndefined()
    expect(findByDialectName('planomatic-v3', 'scheduled')).toBeUndefined()
  })
})

describe('near names', () => {
  it.each([
    ['order_status', 'schedule', ['scheduled']],
    ['order_status', 'On-Site', ['on_site']],
    ['order_status', 'canceld', ['canceled', 'cancelled']],
    ['order_event', 'order.scheduled', ['appointment.scheduled']],
    ['order_event', 'delivred', ['order.delivered']],
    ['facility_event', 'shift.report.accepted_automaticaly', ['shift.report.accepted-automatically']],
    ['order_status', 'zebra', []],
    ['order_status', 'a'.repeat(10_000), []],
  ] as const)('for the %s %p are %j', (kind, typed, expected) => {
    expect(nearNames(kind, typed)).toEqual(expected)
  })
})

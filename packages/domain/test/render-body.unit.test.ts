import { describe, expect, it } from '@jest/globals'
import { findEvent, isKnownView, profileNames, renderBody } from '@waybill/domain'
import type { CatalogueKind, ProfileName, RenderInput } from '@waybill/domain'

const uuid = '0190d2c4-0000-8000-8000-000000000001'

function trigger(profile: ProfileName, kind: CatalogueKind, name: string, data: string): RenderInput {
  const entry = findEvent(kind, name)
  if (!entry) throw new Error(`no ${kind} ${name}`)
  return {
    profile,
    view: null,
    deliveryUuid: uuid,
    attempt: 1,
    eventId: entry.id,
    orderId: '40017',
    facilityId: null,
    acceptedAtMs: Date.parse('2025-03-04T10:00:01.234Z'),
    data,
    organizationId: 77,
  }
}

const parse = (body: string): unknown => JSON.parse(body)

describe('the PlanOmatic v2 body', () => {
  const order = {
    order_datetime: '2025-03-01T08:00:00-07:00',
    job_due_date: '2025-03-09',
    submitted_cancel_onsite: false,
    external_id: 'EXT-1',
    order_notes: 'Gate code "1"\n',
    internal_margin: 12,
    client: { first_name: 'Ines', last_name: 'Okafor', email: 'i@x.test', phone: null, ssn: 'no' },
    property_info: {
      price: 1,
      sqft: 2,
      bedrooms: 3,
      bathrooms: 2.5,
      property_id: 9,
      property_type: 'home',
      address: { street: '9 Elm Rd', city: 'Boulder' },
    },
    appointments: [
      {
        start_datetime: '2025-03-05 09:00',
        end_datetime: '2025-03-05T10:30:00.500+0100',
        duration: 90,
        by: 'x',
      },
    ],
    links: { tour_link: 'https://t.test/1' },
    primary_service: {
      group_id: 1,
      group_slug: 'photos',
      group_name: 'Photos',
      quantity: 1,
      service_instructions: null,
    },
    add_on_services: [{ group_id: 2, extra: true }],
  }
  const input = trigger(
    'planomatic-v2',
    'order_status',
    'scheduled',
    JSON.stringify({ order_id: 40017, order }),
  )

  it('has exactly the vendor’s fields, from the snapshot, with the vendor’s datetimes', () => {
    expect(parse(renderBody(input))).toEqual({
      request_id: uuid,
      request_datetime: '2025-03-04T10:00:01.000+00:00',
      order_id: 40017,
      order_datetime: '2025-03-01T15:00:00.000+00:00',
      order_status: 'scheduled',
      submitted_cancel_onsite: false,
      job_due_date: '2025-03-09T00:00:00.000+00:00',
      external_id: 'EXT-1',
      order_notes: 'Gate code "1"\n',
      client: { first_name: 'Ines', last_name: 'Okafor', email: 'i@x.test', phone: null },
      property_info: {
        price: 1,
        sqft: 2,
        bedrooms: 3,
        bathrooms: 2.5,
        property_id: 9,
        property_type: 'home',
        address: { street: '9 Elm Rd', address2: null, city: 'Boulder', province: null, postal_code: null },
      },
      appointments: [
        {
          start_datetime: '2025-03-05T09:00:00.000+00:00',
          end_datetime: '2025-03-05T09:30:00.000+00:00',
          duration: 90,
          cancellation_reason: null,
          cancellation_reason_detail: null,
        },
      ],
      links: {
        tour_link: 'https://t.test/1',
        tour_mls_link: null,
        zillow_3d_link: null,
        matterport_3d_link: null,
        video_slideshow_link: null,
        photo_manage_link: null,
      },
      primary_service: {
        group_id: 1,
        group_slug: 'photos',
        group_name: 'Photos',
        quantity: 1,
        service_instructions: null,
      },
      add_on_services: [
        { group_id: 2, group_slug: null, group_name: null, quantity: null, service_instructions: null },
      ],
    })
  })

  it.each(['{}', '{"order":null}', '{"order":{}}', '{"order":{"client":"x","appointments":{},"links":[1]}}'])(
    'keeps its shape when the trigger is %s',
    (data) => {
      const body = parse(renderBody({ ...input, data }))
      expect(body).toMatchObject({
        order_id: '40017',
        order_datetime: null,
        client: { first_name: null },
        property_info: { price: null, address: { street: null } },
        appointments: [],
        links: { tour_link: null },
        primary_service: { group_id: null },
        add_on_services: [],
      })
      expect(Object.keys(body as object)).toHaveLength(15)
    },
  )

  it('keeps big numbers and passes on what is no datetime', () => {
    const data =
      '{"order":{"external_id":12345678901234567890,"job_due_date":"next week","order_datetime":17}}'
    const body = renderBody({ ...input, data })
    expect(body).toContain('"external_id":12345678901234567890,')
    expect(body).toContain('"job_due_date":"next week"')
    expect(body).toContain('"order_datetime":17')
  })
})

describe('the PlanOmatic v3 body', () => {
  const input = trigger(
    'planomatic-v3',
    'order_event',
    'delivered',
    '{"order_id":40017,"occurred_at":"2025-03-04T10:00:00Z","order":{"zeta":1.50,"external_order_id":"E","property":{"location":{"city":"Boulder","lot":"7"}},"photo_urls":["https://p.test/1.jpg"],"event":"forged","order_id":1}}',
  )

  it('is the order as it came, with the event and what it produced', () => {
    expect(parse(renderBody(input))).toEqual({
      request_id: uuid,
      request_datetime: '2025-03-04T10:00:01.000+00:00',
      event: 'order.delivered',
      event_datetime: '2025-03-04T10:00:00Z',
      order_id: 40017,
      external_property_id: null,
      billing_entity_slug: null,
      external_order_id: 'E',
      metadata: null,
      property: { location: { city: 'Boulder', lot: '7' } },
      services: [],
      property_access: null,
      appointment: null,
      tour_links: null,
      photo_urls: ['https://p.test/1.jpg'],
      floor_plan_urls: [],
      zeta: 1.5,
    })
  })

  it('has no key twice, and copies unknown fields byte for byte', () => {
    const body = renderBody(input)
    expect(body.match(/"event":/g)).toHaveLength(1)
    expect(body).toContain('"zeta":1.50')
  })
})

describe('the standard body', () => {
  it('carries the order byte for byte inside the envelope', () => {
    const raw = '{ "b": 12345678901234567890, "a": [1.0] }'
    const data = `{"order_id":"40017","facility_id":"NUR-1","occurred_at":"2025-03-04T10:00:00Z","order":${raw}}`
    expect(renderBody(trigger('standard', 'order_event', 'delivered', data))).toBe(
      `{"type":"order.delivered","timestamp":"2025-03-04T10:00:00Z","data":{"order_id":"40017","facility_id":"NUR-1","occurred_at":"2025-03-04T10:00:00Z","order":${raw}}}`,
    )
  })

  it('carries data under its own name, and what the trigger row adds', () => {
    const input = trigger(
      'standard',
      'facility_event',
      'shift.report.accepted-automatically',
      '{"data":{"shiftId":"8"}}',
    )
    expect(renderBody({ ...input, orderId: '8', facilityId: 'NUR-2' })).toBe(
      '{"type":"shift.report.accepted_automatically","timestamp":"2025-03-04T10:00:01.234Z","data":{"order_id":"8","facility_id":"NUR-2","occurred_at":"2025-03-04T10:00:01.234Z","data":{"shiftId":"8"}}}',
    )
  })

  it('leaves out what nobody told', () => {
    expect(
      parse(renderBody({ ...trigger('standard', 'order_status', 'hold', '{}'), orderId: null })),
    ).toEqual({
      type: 'order.status.hold',
      timestamp: '2025-03-04T10:00:01.234Z',
      data: { order_id: null, occurred_at: '2025-03-04T10:00:01.234Z' },
    })
  })
})

describe('the Nursa body', () => {
  it('is the data and the event type, nothing else', () => {
    const data = '{"kind":"facility_event","data":{"shiftId":"880012", "at":"2025-03-04T10:00:00.000Z"}}'
    expect(renderBody(trigger('nursa', 'facility_event', 'shift.cancelled', data))).toBe(
      '{"data":{"shiftId":"880012", "at":"2025-03-04T10:00:00.000Z"},"eventType":"shift.cancelled"}',
    )
    expect(renderBody(trigger('nursa', 'facility_event', 'shift.created', '{}'))).toBe(
      '{"data":{},"eventType":"shift.created"}',
    )
  })
})

describe('the Planning Center body', () => {
  it('is one event delivery with the attempt number and the payload as text', () => {
    const raw = '{"data":{"type":"Order","id":"40017"}, "big": 12345678901234567890 }'
    const input = trigger('planning-center', 'order_event', 'delivered', `{"order":${raw}}`)
    expect(parse(renderBody({ ...input, attempt: 3 }))).toEqual({
      data: [
        {
          id: uuid,
          type: 'EventDelivery',
          attributes: { name: 'orders.v2.events.order.delivered', attempt: 3, payload: raw },
          relationships: { organization: { data: { type: 'Organization', id: '77' } } },
        },
      ],
    })
  })
})

describe('every body', () => {
  const kinds = {
    'planomatic-v2': ['order_status', 'on_site'],
    'planomatic-v3': ['order_event', 'scheduled'],
    nursa: ['facility_event', 'shift.created'],
    'planning-center': ['order_event', 'scheduled'],
    standard: ['order_event', 'scheduled'],
  } as const
  const data =
    '{"order_id":"40017","order":{"order_notes":"\\u003c\\/script\\u003e"},"data":{"x":[{"__proto__":1}]}}'
  const inputOf = (profile: ProfileName) => trigger(profile, kinds[profile][0], kinds[profile][1], data)

  it.each([...profileNames])('of %s is valid JSON and the same for the same input', (profile) => {
    expect(() => parse(renderBody(inputOf(profile)))).not.toThrow()
    expect(renderBody(inputOf(profile))).toBe(renderBody(structuredClone(inputOf(profile))))
  })

  it('is the same on every attempt, except for Planning Center', () => {
    const changes = (profile: ProfileName) =>
      renderBody(inputOf(profile)) !== renderBody({ ...inputOf(profile), attempt: 2 })
    expect(profileNames.filter(changes)).toEqual(['planning-center'])
  })

  it('has a default and a raw view', () => {
    for (const profile of profileNames) {
      const input = inputOf(profile)
      expect(isKnownView(profile, 'default')).toBe(true)
      expect(isKnownView(profile, 'raw')).toBe(true)
      expect(renderBody({ ...input, view: 'default' })).toBe(renderBody(input))
      expect(renderBody({ ...input, view: 'raw' })).toBe(
        profile === 'nursa' ? '{"x":[{"__proto__":1}]}' : '{"order_notes":"\\u003c\\/script\\u003e"}',
      )
    }
    expect(renderBody({ ...inputOf('standard'), view: 'raw', data: '{}' })).toBe('null')
  })

  it.each(['', 'Default', 'constructor', '__proto__', 'toString'])('has no view %p', (view) => {
    expect(isKnownView('standard', view)).toBe(false)
    expect(() => renderBody({ ...inputOf('standard'), view })).toThrow(RangeError)
  })

  it('needs an event of the catalogue', () => {
    expect(() => renderBody({ ...inputOf('standard'), eventId: 9_999 })).toThrow(RangeError)
  })
})

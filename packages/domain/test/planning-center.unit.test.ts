import { describe, expect, it } from '@jest/globals'
import {
  catalogue,
  findEvent,
  planningCenterPayload,
  renderBody,
  triggerPerson,
  type CatalogueKind,
  type RenderInput,
} from '@waybill/domain'

const input = (
  kind: CatalogueKind,
  name: string,
  data: object | string,
  changes: Partial<RenderInput> = {},
) => ({
  profile: 'planning-center' as const,
  view: null,
  deliveryUuid: '0190d2c4-0000-8000-8000-000000000001',
  attempt: 1,
  eventId: findEvent(kind, name)?.id ?? 0,
  orderId: '40017',
  facilityId: null,
  acceptedAtMs: Date.parse('2025-03-04T10:00:01.234Z'),
  data: typeof data === 'string' ? data : JSON.stringify(data),
  organizationId: 77,
  ...changes,
})

const payloadOf = (one: RenderInput) => JSON.parse(planningCenterPayload(one))

describe('the payload of a Planning Center event', () => {
  it('is a JSON:API document about the order, with the order as its attributes', () => {
    const data = {
      occurrence_id: 'evt-9',
      occurred_at: '2025-03-04T10:00:00Z',
      person: 5,
      order: { total: '1.10' },
    }
    expect(
      payloadOf(input('order_event', 'delivered', data, { facilityId: 'NUR-1', orderId: 'A-7' })),
    ).toEqual({
      data: {
        type: 'Order',
        id: 'A-7',
        attributes: { total: '1.10' },
        relationships: {
          facility: { data: { id: 'NUR-1', type: 'Facility' } },
          person: { data: { id: '5', type: 'Person' } },
        },
        links: {},
      },
      included: [],
      meta: {
        parent: { id: '77', type: 'Organization' },
        event_time: '2025-03-04T10:00:00Z',
        idempotency_token: 'evt-9',
      },
    })
  })

  it('keeps the spelling of every number', () => {
    const order = '{ "id": 12345678901234567890, "price": 1.50, "tiny": 1E-7 }'
    expect(planningCenterPayload(input('order_status', 'hold', `{"order":${order}}`))).toContain(
      `"attributes":${order},`,
    )
  })

  it.each<[CatalogueKind, string, Partial<RenderInput>, object, object]>([
    ['order_status', 'hold', {}, {}, { type: 'Order', id: '40017' }],
    ['order_event', 'appointment.scheduled', {}, {}, { type: 'Order', id: '40017' }],
    ['facility_event', 'shift.request.created', { orderId: '88' }, {}, { type: 'Shift', id: '88' }],
    [
      'facility_event',
      'facility.creation.accepted',
      { orderId: null, facilityId: 'F-1' },
      {},
      { type: 'Facility', id: 'F-1' },
    ],
    [
      'facility_event',
      'facility.creation.accepted',
      { orderId: null },
      { facilityId: 6 },
      { type: 'Facility', id: '6' },
    ],
    [
      'facility_event',
      'shift.created',
      { orderId: null, facilityId: 'F-1' },
      {},
      { type: 'Facility', id: 'F-1' },
    ],
    [
      'facility_event',
      'facility.creation.accepted',
      { orderId: '88' },
      { facilityId: '' },
      { type: 'Shift', id: '88' },
    ],
  ])('of %s %s is about %j %j', (kind, name, changes, part, expected) => {
    const data = kind === 'facility_event' ? { data: part } : { order: part }
    expect(payloadOf(input(kind, name, data, changes)).data).toMatchObject(expected)
  })

  it('has an id even where the trigger names nothing', () => {
    const { data, meta } = payloadOf(
      input('facility_event', 'shift.created', { data: {} }, { orderId: null }),
    )
    expect(data).toMatchObject({ type: 'Shift', id: meta.idempotency_token, relationships: {} })
  })

  it('takes the accept time where the trigger has no other', () => {
    expect(payloadOf(input('order_status', 'hold', { order: {} })).meta.event_time).toBe(
      '2025-03-04T10:00:01.234Z',
    )
  })

  it('has one token for all deliveries of a trigger and another for the next trigger', () => {
    const one = input('order_status', 'hold', { order: {} })
    const tokenOf = (of: RenderInput) => payloadOf(of).meta.idempotency_token
    expect(tokenOf(one)).toMatch(/^[0-9a-f]{32}$/)
    expect(
      tokenOf({ ...one, deliveryUuid: 'another', attempt: 9, acceptedAtMs: one.acceptedAtMs + 0.5 }),
    ).toBe(tokenOf(one))
    expect(tokenOf({ ...one, acceptedAtMs: one.acceptedAtMs + 1 })).not.toBe(tokenOf(one))
    expect(tokenOf({ ...one, organizationId: 78 })).not.toBe(tokenOf(one))
    expect(tokenOf({ ...one, data: '{"order": {}}' })).not.toBe(tokenOf(one))
  })

  it('is what was posted where that is a JSON:API document already', () => {
    const document =
      '{ "data": {"type":"Person","id":"501","attributes":{"n":1.0}}, "included":[], "meta":{} }'
    const one = input('facility_event', 'shift.created', `{"data":${document}}`)
    expect(planningCenterPayload(one)).toBe(document)
    expect(JSON.parse(renderBody(one)).data[0].attributes.payload).toBe(document)
  })

  it.each([
    '{"data":{"type":"Person"}}',
    '{"data":{"type":"Person","id":5}}',
    '{"data":[{"type":"Person","id":"5"}]}',
    '{"data":"x"}',
    '{"type":"Person","id":"5"}',
  ])('wraps %s, which is no such document', (part) => {
    expect(payloadOf(input('order_status', 'hold', `{"order":${part}}`)).data).toMatchObject({
      type: 'Order',
      attributes: JSON.parse(part),
    })
  })

  it('is valid JSON for every event with a name, on every attempt the same', () => {
    for (const entry of catalogue) {
      const one = input(entry.kind, entry.name, '{"order":{"__proto__":{"a":"\\ud800\\u0041"}}}')
      const [first, third] = [1, 3].map(
        (attempt) => JSON.parse(renderBody({ ...one, attempt })).data[0].attributes,
      )
      expect(first.payload).toBe(third.payload)
      expect(first.payload).toBe(planningCenterPayload(one))
      expect(payloadOf(one).data.attributes).toBeDefined()
    }
  })
})

describe('the person of a trigger', () => {
  it.each([
    ['{"person":"p-1"}', 'p-1'],
    ['{"person":5}', '5'],
    ['{"person":1e2}', '100'],
    ['{"person":"\\u0041"}', 'A'],
    ['{"person":null}', null],
    ['{"person":{}}', null],
    ['{"order":{"person":5}}', null],
  ])('of %s is %j', (data, expected) => {
    expect(triggerPerson(data)).toBe(expected)
  })
})

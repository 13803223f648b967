import { planomaticDatetime, planomaticDatetimeJson } from './planomatic-datetime.ts'
import { rawChild, rawChildren, rawMember, writeObject } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { eventName, freePart, orderIdJson } from './trigger-parts.ts'

const CLIENT = ['first_name', 'last_name', 'email', 'phone']
const PROPERTY = ['price', 'sqft', 'bedrooms', 'bathrooms', 'property_id', 'property_type']
const ADDRESS = ['street', 'address2', 'city', 'province', 'postal_code']
const LINKS = [
  'tour_link',
  'tour_mls_link',
  'zillow_3d_link',
  'matterport_3d_link',
  'video_slideshow_link',
  'photo_manage_link',
]
const SERVICE = ['group_id', 'group_slug', 'group_name', 'quantity', 'service_instructions']

/**
 * The order view of API v2, exactly the fields of "Payload" (https://api-docs.planomatic.com/v2.0/reference/payload).
 * Every field is always there: null, or an empty list, where the snapshot has nothing.
 */
export function renderPlanomaticV2(input: RenderInput, trigger: RawObject): string {
  const order = rawChild(trigger, freePart(input, trigger)?.name ?? 'order')
  const property = rawChild(order, 'property_info')
  return writeObject([
    ['request_id', JSON.stringify(input.deliveryUuid)],
    ['request_datetime', JSON.stringify(planomaticDatetime(input.acceptedAtMs))],
    ['order_id', orderIdJson(input, trigger)],
    datetime(order, 'order_datetime'),
    ['order_status', JSON.stringify(eventName(input))],
    copy(order, 'submitted_cancel_onsite'),
    datetime(order, 'job_due_date'),
    copy(order, 'external_id'),
    copy(order, 'order_notes'),
    ['client', copyAll(rawChild(order, 'client'), CLIENT)],
    [
      'property_info',
      writeObject([
        ...PROPERTY.map((name) => copy(property, name)),
        ['address', copyAll(rawChild(property, 'address'), ADDRESS)],
      ]),
    ],
    ['appointments', list(rawChildren(order, 'appointments').map(renderAppointment))],
    ['links', copyAll(rawChild(order, 'links'), LINKS)],
    ['primary_service', copyAll(rawChild(order, 'primary_service'), SERVICE)],
    [
      'add_on_services',
      list(rawChildren(order, 'add_on_services').map((service) => copyAll(service, SERVICE))),
    ],
  ])
}

function renderAppointment(appointment: RawObject): string {
  return writeObject([
    datetime(appointment, 'start_datetime'),
    datetime(appointment, 'end_datetime'),
    copy(appointment, 'duration'),
    copy(appointment, 'cancellation_reason'),
    copy(appointment, 'cancellation_reason_detail'),
  ])
}

function copy(object: RawObject, name: string): readonly [string, string] {
  return [name, rawMember(object, name) ?? 'null']
}

function copyAll(object: RawObject, names: readonly string[]): string {
  return writeObject(names.map((name) => copy(object, name)))
}

function datetime(object: RawObject, name: string): readonly [string, string] {
  return [name, planomaticDatetimeJson(rawMember(object, name))]
}

function list(items: readonly string[]): string {
  return `[${items.join(',')}]`
}

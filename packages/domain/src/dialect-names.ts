import type { ProfileName } from './profiles.ts'

export type CatalogueKind = 'order_status' | 'order_event' | 'facility_event'

type DialectNames = Partial<Record<ProfileName, string>>

/** Order events go by their tail (`order.delivered` → `delivered`); everything else has one name only. */
export function shortName(kind: CatalogueKind, name: string): string {
  return kind === 'order_event' ? name.slice(name.lastIndexOf('.') + 1) : name
}

/**
 * What each profile calls an entry. Vendors keep their own spelling; `planning-center` names have the five parts
 * `{app}.{version}.events.{resource}.{action}`, because receivers index them by position; `standard` names are words of
 * [a-zA-Z0-9_] between dots.
 *
 * | kind           | name                      | planning-center                                 | standard                  |
 * | -------------- | ------------------------- | ----------------------------------------------- | ------------------------- |
 * | order_status   | scheduled                 | orders.v2.events.order_status.scheduled         | order.status.scheduled    |
 * | order_event    | order.delivered           | orders.v2.events.order.delivered                | order.delivered           |
 * | facility_event | shift.scheduled.cancelled | facilities.v2.events.shift_scheduled.cancelled  | shift.scheduled.cancelled |
 */
export function dialectNames(kind: CatalogueKind, name: string): DialectNames {
  switch (kind) {
    case 'order_status':
      return {
        'planomatic-v2': name,
        'planning-center': `orders.v2.events.order_status.${name}`,
        standard: `order.status.${name}`,
      }
    case 'order_event':
      return {
        'planomatic-v3': name,
        'planning-center': `orders.v2.events.${name}`,
        standard: name,
      }
    case 'facility_event': {
      const legal = name.replaceAll('-', '_')
      const dot = legal.lastIndexOf('.')
      const resource = legal.slice(0, dot).replaceAll('.', '_')
      return {
        nursa: name,
        'planning-center': `facilities.v2.events.${resource}${legal.slice(dot)}`,
        standard: legal,
      }
    }
    default:
      return kind satisfies never
  }
}

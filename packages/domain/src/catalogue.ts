import { dialectNames, shortName } from './dialect-names.ts'
import type { CatalogueKind } from './dialect-names.ts'
import { editDistance } from './edit-distance.ts'
import type { ProfileName } from './profiles.ts'

/** One thing a trigger can say. */
export type CatalogueEntry = {
  /** The smallint stored with triggers and deliveries. */
  readonly id: number
  readonly kind: CatalogueKind
  readonly name: string
  readonly shortName: string
  /** What each profile calls it; a profile without a name for it does not match it. */
  readonly dialects: Readonly<Partial<Record<ProfileName, string>>>
}

/**
 * Everything a trigger can be. Ids are stored: add rows, never change or reuse an id. `canceled` and `cancelled` are two
 * different statuses. Sources: statuses and event types from "Webhook Jobs Index"
 * (https://planocore.planomatic.com/documentation/api/v1/webhook_jobs/index), the events' full names from "Event Triggers"
 * (https://docs.planomatic.com/reference/event-triggers) and, where that page has none, by their subject; facility events
 * from "Search webhook notification logs" and the user webhooks at https://docs.nursa.com.
 */
const rows: readonly (readonly [id: number, kind: CatalogueKind, name: string])[] = [
  [1, 'order_status', 'assembly'],
  [2, 'order_status', 'canceled'],
  [3, 'order_status', 'cancelled'],
  [4, 'order_status', 'committed'],
  [5, 'order_status', 'completed'],
  [6, 'order_status', 'hold'],
  [7, 'order_status', 'new_request'],
  [8, 'order_status', 'notified'],
  [9, 'order_status', 'on_site'],
  [10, 'order_status', 'ordered'],
  [11, 'order_status', 'order_processing'],
  [12, 'order_status', 'pending_appointment'],
  [13, 'order_status', 'pending_reschedule'],
  [14, 'order_status', 'post_processing'],
  [15, 'order_status', 'ready_to_schedule'],
  [16, 'order_status', 'scheduled'],
  [17, 'order_status', 'scheduling'],
  [18, 'order_status', 'submitted'],
  [19, 'order_status', 'submitted_cancel_onsite'],
  [20, 'order_status', 'unscheduled'],

  [101, 'order_event', 'order.received'],
  [102, 'order_event', 'order.processed'],
  [103, 'order_event', 'appointment.awaiting_availability'],
  [104, 'order_event', 'appointment.awaiting_scheduling'],
  [105, 'order_event', 'appointment.window_selected'],
  [106, 'order_event', 'appointment.scheduled'],
  [107, 'order_event', 'appointment.awaiting_reschedule'],
  [108, 'order_event', 'appointment.unable_to_complete'],
  [109, 'order_event', 'order.post_processing'],
  [110, 'order_event', 'order.delivered'],
  [111, 'order_event', 'order.canceled'],
  [112, 'order_event', 'order.submitted'],

  [201, 'facility_event', 'shift.created'],
  [202, 'facility_event', 'shift.cancelled'],
  [203, 'facility_event', 'shift.scheduled'],
  [204, 'facility_event', 'shift.scheduled.cancelled'],
  [205, 'facility_event', 'shift.request.created'],
  [206, 'facility_event', 'shift.request.cancelled'],
  [207, 'facility_event', 'shift.report.created'],
  [208, 'facility_event', 'shift.report.accepted'],
  [209, 'facility_event', 'shift.report.accepted-automatically'],
  [210, 'facility_event', 'shift.report.rejected'],
  [211, 'facility_event', 'facility.user-connection.accepted'],
  [212, 'facility_event', 'facility.user-connection.rejected'],
  [213, 'facility_event', 'facility.creation.accepted'],
  [214, 'facility_event', 'facility.creation.rejected'],
]

export const catalogue: readonly CatalogueEntry[] = rows.map(([id, kind, name]) => ({
  id,
  kind,
  name,
  shortName: shortName(kind, name),
  dialects: dialectNames(kind, name),
}))

const ofKind = (kind: CatalogueKind) => catalogue.filter((entry) => entry.kind === kind)

/** The 20 order statuses. */
export const orderStatuses: readonly string[] = ofKind('order_status').map((entry) => entry.name)
/** The 12 order event types by their short names, as the PlanOmatic filters spell them. */
export const orderEventTypes: readonly string[] = ofKind('order_event').map((entry) => entry.shortName)

const byId = new Map(catalogue.map((entry) => [entry.id, entry]))
const byName = new Map(
  catalogue.flatMap((entry) =>
    [entry.name, entry.shortName].map((name) => [`${entry.kind} ${name}`, entry] as const),
  ),
)
const byDialectName = new Map(
  catalogue.flatMap((entry) =>
    Object.entries(entry.dialects).map(([profile, name]) => [`${profile} ${name}`, entry] as const),
  ),
)

/** The entry with this stored id; undefined for an id this version does not know. */
export function catalogueById(id: number): CatalogueEntry | undefined {
  return byId.get(id)
}

/** The entry with this canonical name; order events are also found by their short name. */
export function findEvent(kind: CatalogueKind, name: string): CatalogueEntry | undefined {
  return byName.get(`${kind} ${name}`)
}

/** The entry that the profile calls by exactly this name. */
export function findByDialectName(profile: ProfileName, name: string): CatalogueEntry | undefined {
  return byDialectName.get(`${profile} ${name}`)
}

/** Up to three canonical names that a mistyped name may have meant, the nearest first. */
export function nearNames(kind: CatalogueKind, name: string): string[] {
  if (name.length > 64) return []
  const typed = name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
  const limit = typed.length < 5 ? 1 : 2
  const distanceTo = (entry: CatalogueEntry) =>
    Math.min(
      editDistance(typed, entry.name.replaceAll('-', '_')),
      editDistance(shortName(kind, typed), entry.shortName.replaceAll('-', '_')),
    )
  return ofKind(kind)
    .map((entry) => ({ name: entry.name, distance: distanceTo(entry) }))
    .filter((candidate) => candidate.distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map((candidate) => candidate.name)
}

import { findByDialectName } from './catalogue.ts'

/** Whom a webhook of the Nursa API is about; the two kinds are told different events. */
export type NursaAudience = 'facility' | 'user'

/**
 * The events that either kind can name, in the vendor's order: "Create Webhook for Facilities" and "Create User Webhook"
 * (https://docs.nursa.com/pages/api/facilities-webhooks-controller-create-one,
 * https://docs.nursa.com/pages/api/user-webhooks-controller-create-one-user-webhook).
 */
export const nursaEvents: Readonly<Record<NursaAudience, readonly string[]>> = {
  facility: [
    'shift.request.created',
    'shift.request.cancelled',
    'shift.report.created',
    'shift.scheduled.cancelled',
    'shift.scheduled',
    'shift.created',
    'shift.report.accepted-automatically',
    'shift.report.accepted',
    'shift.report.rejected',
    'shift.cancelled',
  ],
  user: [
    'facility.user-connection.accepted',
    'facility.user-connection.rejected',
    'facility.creation.accepted',
    'facility.creation.rejected',
  ],
}

/** The catalogue ids of these events. */
export const nursaEventIds = (names: readonly string[]): number[] =>
  names.flatMap((name) => findByDialectName('nursa', name)?.id ?? [])

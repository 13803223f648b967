/**
 * What "Webhook Jobs Index" (https://planocore.planomatic.com/documentation/api/v1/webhook_jobs/index) lists, written from
 * the page and not from the catalogue.
 */
export const eventTypes = [
  'received',
  'processed',
  'awaiting_availability',
  'awaiting_scheduling',
  'window_selected',
  'scheduled',
  'awaiting_reschedule',
  'unable_to_complete',
  'post_processing',
  'delivered',
  'canceled',
  'submitted',
]

export const orderStatuses = [
  'assembly',
  'canceled',
  'cancelled',
  'committed',
  'completed',
  'hold',
  'new_request',
  'notified',
  'on_site',
  'ordered',
  'order_processing',
  'pending_appointment',
  'pending_reschedule',
  'post_processing',
  'ready_to_schedule',
  'scheduled',
  'scheduling',
  'submitted',
  'submitted_cancel_onsite',
  'unscheduled',
]

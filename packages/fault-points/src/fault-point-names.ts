/** The places where tests may end a process, in the order in which a trigger passes them. */
export const faultPointNames = [
  'accept.before-store',
  'accept.committed',
  'accept.enqueued',
  'accept.answered',
  'fan-out.job-taken',
  'fan-out.claimed',
  'fan-out.frozen',
  'fan-out.left-to-lanes',
  'delivery.rendered',
  'delivery.answered',
  'record.first-begun',
  'record.first-stored',
  'record.first-announced',
  'drain.job-taken',
  'drain.claimed',
  'drain.sliced',
  'record.later-begun',
  'record.later-stored',
  'drain.sent',
  'drain.released',
  'sweep.begun',
  'sweep.taken-over',
  'sweep.healed',
  'queue.job-processed',
] as const

export type FaultPointName = (typeof faultPointNames)[number]

import type { ViolationKind, WaitReason } from '@waybill/db'

const redeliver = 'redeliver it: POST /v1/deliveries/{id}/redeliver'
const restart = 'the sweep frees it within seconds of a worker running; if none does, start one'

/** What a person does about each kind of violation, in one line; docs/runbook.md says more. */
export const nextSteps: Readonly<Record<ViolationKind, string>> = {
  pending_without_due: redeliver,
  retry_without_due: redeliver,
  due_without_delivery: 'its delivery was removed by hand: delete the due row once you know why',
  due_of_settled: `ignore it if it must not be sent, else ${redeliver}`,
  due_of_other_generation: redeliver,
  attempts_differ: 'rows of attempts were removed or added by hand; what was sent is not affected',
  planned_but_missing:
    'compare the plan with the triggers of the same second; post those again that lack one',
  matched_but_missing: 'post the trigger again; its other subscriptions then get it twice',
  batch_of_nobody: restart,
  batch_quarantined: 'read the worker log about it (batch.quarantined), mend the cause, then see the runbook',
  lane_missing: 'redeliver one of its deliveries: that makes the lane, and all of them go',
  lane_late: 'redeliver one of its deliveries: that wakes the lane, and all of them go',
  lane_of_nobody: restart,
}

/** What each reason to wait means, and what ends it. */
export const waitMeanings: Readonly<Record<WaitReason, string>> = {
  scheduled: 'a retry that has its time; nothing to do',
  being_sent: 'a worker has the lane in its hands; nothing to do',
  blocked: 'the endpoint asked to wait, or its breaker is open; look at the endpoint',
  paused: 'the subscription is paused: PATCH it to active',
  inactive: 'the subscription is inactive; they expire at their horizon unless it becomes active',
  subscription_deleted: 'the sweep ends them within seconds of a worker running',
  ready: 'any worker may send them now; when they stay, start or add workers',
}

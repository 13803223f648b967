import { setTimeout as pause } from 'node:timers/promises'
import { checkAlarms, isOn, turnsWithinMs, type Alarm } from './checks/check-alarms.ts'
import type { FaultStack } from './fault-stack.ts'
import type { Finding } from './judge.ts'

/**
 * I10: waits until the alarms are off again, or on where they stay, or their time is over, and notes which did not turn in
 * time. Calls must come all the while where an alert counts answers.
 */
export async function expectAlarms(
  stack: FaultStack,
  outage: { fromMs: number; toMs: number },
  alarms: readonly Alarm[],
): Promise<(finding: Finding) => void> {
  const { sights } = stack.watch
  const staysOn = (alarm: Alarm) => 'stays' in alarm && alarm.stays
  const isOver = () => (sights.at(-1)?.atMs ?? 0) > outage.toMs + turnsWithinMs + 2_000
  const isBack = () =>
    (sights.at(-1)?.atMs ?? 0) > outage.toMs &&
    alarms.every((alarm) => isOn(alarm, sights) === staysOn(alarm))
  while (!isOver() && !isBack()) await pause(250)
  const failures = checkAlarms(sights, outage, alarms)
  return (finding) => finding.failures.push(...failures)
}

/** What an outage of either server must turn. */
export const alarmsOf: Record<'postgres' | 'redis', readonly Alarm[]> = {
  postgres: [
    { readiness: 'api' },
    { readiness: 'worker' },
    { alert: 'WaybillStorageAway' },
    { alert: 'WaybillApiErrors', stays: true },
  ],
  // Without the queue everything goes on, so readiness says so without turning.
  redis: [{ queueOf: 'api' }, { queueOf: 'worker' }, { alert: 'WaybillQueueAway' }],
}

/** What must turn while the sweep does the queue's work though every connection stands. */
export const sweepAlarms: readonly Alarm[] = [{ alert: 'WaybillJobsNeverConsumed', stays: true }]

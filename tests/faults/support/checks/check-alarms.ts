import { evaluateRule } from '../../../support/evaluate-rule.ts'
import { readAlerts } from '../../../support/read-alerts.ts'
import type { App } from '../fault-fleet.ts'
import type { Sight } from '../watch-stack.ts'
import type { Failures } from './failures.ts'

/** What must turn: readiness of an app, what it says of the queue, or an alert; `stays`: it looks back over minutes. */
export type Alarm = { readiness: App } | { queueOf: App } | { alert: string; stays?: boolean }

/** I10: how soon after an outage began and ended. */
export const turnsWithinMs = 15_000

const alerts = new Map(readAlerts().map(({ name, rule }) => [name, rule]))

/** Whether the alarm was on when the last of `sights` was taken. */
export function isOn(alarm: Alarm, sights: readonly Sight[]): boolean {
  const latest = sights.at(-1)
  if (!latest) return false
  const of = (app: App) => latest.processes.filter((one) => one.app === app)
  if ('readiness' in alarm) return of(alarm.readiness).some(({ ready }) => ready !== 200)
  if ('queueOf' in alarm) return of(alarm.queueOf).some(({ queueReady }) => !queueReady)
  const rule = alerts.get(alarm.alert)
  if (!rule) throw new Error(`there is no alert ${alarm.alert}`)
  const scrapes = sights.map(({ atMs, processes }) => ({
    atMs,
    pages: Object.fromEntries(
      processes.flatMap(({ pid, page }) => (page === undefined ? [] : [[String(pid), page]])),
    ),
  }))
  return evaluateRule(rule, scrapes).length > 0
}

/** Every alarm was off before the outage, on within 15 s of its beginning, and off again within 15 s of its end. */
export function checkAlarms(
  sights: readonly Sight[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
  alarms: readonly Alarm[],
): Failures {
  return alarms.flatMap((alarm) => {
    const name = JSON.stringify(alarm)
    const on = sights.map(({ atMs }, i) => ({ atMs, on: isOn(alarm, sights.slice(0, i + 1)) }))
    const before = on.findLast(({ atMs }) => atMs < fromMs)
    const turned = on.find((one) => one.atMs >= fromMs && one.on)
    const back = on.find((one) => one.atMs >= toMs && !one.on)
    const late = (atMs: number | undefined, since: number) =>
      atMs === undefined ? 'never' : atMs - since > turnsWithinMs ? `after ${atMs - since} ms` : undefined
    const turnedLate = late(turned?.atMs, fromMs)
    const backLate = 'stays' in alarm && alarm.stays ? undefined : late(back?.atMs, toMs)
    return [
      ...(before?.on === false ? [] : [`I10 ${name} was on, or nobody looked, before the outage`]),
      ...(turnedLate ? [`I10 ${name} turned ${turnedLate}`] : []),
      ...(backLate ? [`I10 ${name} turned back ${backLate}`] : []),
    ]
  })
}

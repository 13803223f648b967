import { describe, expect, it } from '@jest/globals'
import { awayTime } from './support/checks/away-time.ts'
import { checkAlarms } from './support/checks/check-alarms.ts'
import { checkVitals, usualCaps } from './support/checks/check-vitals.ts'
import type { ProcessSight, Sight } from './support/watch-stack.ts'

const worker = (changes: Partial<ProcessSight> = {}): ProcessSight => ({
  app: 'worker',
  pid: 1,
  rssMiB: 150,
  fds: 40,
  ready: 200,
  queueReady: true,
  page: 'waybill_storage_up 1\nwaybill_queue_ready 1',
  ...changes,
})

/** A look each second; `at(i)` says what was seen at the i-th. */
const looks = (
  n: number,
  at: (i: number) => Partial<ProcessSight>,
  more: (i: number) => Partial<Sight> = () => ({}),
) =>
  Array.from({ length: n }, (_, i): Sight => ({
    atMs: i * 1_000,
    processes: [worker(at(i))],
    connections: 10,
    redisMiB: 2,
    ...more(i),
  }))

describe('checkVitals', () => {
  it('finds nothing wrong with what stays flat, nor with what goes up and down', () => {
    expect(checkVitals(looks(90, () => ({})))).toEqual([])
    expect(checkVitals(looks(90, (i) => ({ rssMiB: 150 + (i % 20) * 10 })))).toEqual([])
  })

  it('lets a process grow while it warms up', () => {
    expect(checkVitals(looks(90, (i) => ({ rssMiB: 100 + Math.min(i, 14) * 10 })))).toEqual([])
  })

  it.each<[string, Sight[]]>([
    ['memory', looks(3, () => ({ rssMiB: usualCaps.rssMiB.worker + 1 }))],
    ['descriptors', looks(3, () => ({ fds: usualCaps.fds.worker + 1 }))],
    [
      'connections',
      looks(
        3,
        () => ({}),
        () => ({ connections: usualCaps.connections.worker + 1 }),
      ),
    ],
    [
      'memory of Redis',
      looks(
        3,
        () => ({}),
        () => ({ redisMiB: usualCaps.redisMiB + 1 }),
      ),
    ],
  ])('tells when %s exceeds its cap', (_what, sights) => {
    expect(checkVitals(sights)).toHaveLength(1)
  })

  it.each<[string, Sight[]]>([
    ['memory', looks(90, (i) => ({ rssMiB: 150 + 3 * i }))],
    ['descriptors', looks(90, (i) => ({ fds: 40 + 2 * i }))],
    [
      'connections',
      looks(
        90,
        () => ({}),
        (i) => ({ connections: 2 + Math.floor(i / 2.5) }),
      ),
    ],
    [
      'memory of Redis',
      looks(
        90,
        () => ({}),
        (i) => ({ redisMiB: 2 + i / 2 }),
      ),
    ],
  ])('tells when %s grows all the time', (_what, sights) => {
    expect(checkVitals(sights)).toHaveLength(1)
  })

  it('lets a process fill its pools and its heap for as long as that takes', () => {
    const filling = looks(90, (i) => ({ rssMiB: 60 + 2 * i, fds: 30 + i }))
    expect(checkVitals(filling)).toEqual([])
  })
})

describe('awayTime', () => {
  it('is the time in which no worker was ready, within the times asked about', () => {
    const sights = looks(20, (i) => ({ ready: i >= 5 && i < 10 ? 503 : 200 }))
    expect(awayTime(sights, 0, 20_000)).toBe(6_000)
    expect(awayTime(sights, 7_000, 8_000)).toBe(1_000)
    expect(awayTime(sights, 12_000, 20_000)).toBe(0)
  })
})

describe('checkAlarms', () => {
  const outage = { fromMs: 10_000, toMs: 40_000 }
  const storage = [{ alert: 'WaybillStorageAway' }, { readiness: 'worker' as const }]
  const away = (from: number, to: number) =>
    looks(70, (i) =>
      i >= from && i < to ? { ready: 503, page: 'waybill_storage_up 0\nwaybill_queue_ready 1' } : {},
    )

  it('finds nothing wrong with alarms that turn and turn back in time', () => {
    expect(checkAlarms(away(12, 45), outage, storage)).toEqual([])
  })

  it('tells of those that never turn, turn late, never turn back, turn back late, or were on before', () => {
    expect(checkAlarms(away(0, 0), outage, storage)).toHaveLength(2)
    expect(checkAlarms(away(26, 45), outage, storage)).toHaveLength(2)
    expect(checkAlarms(away(12, 70), outage, storage)).toHaveLength(2)
    expect(checkAlarms(away(12, 56), outage, storage)).toHaveLength(2)
    expect(checkAlarms(away(9, 45), outage, storage)).toHaveLength(2)
  })

  it('asks of an alert that looks back over minutes only that it turns', () => {
    const alert = { alert: 'WaybillApiErrors', stays: true }
    const page = (i: number) => {
      const errors = Math.max(0, i - 12) * 10
      return `waybill_http_requests_total{status="2xx"} ${i * 10}\nwaybill_http_requests_total{status="5xx"} ${errors}`
    }
    expect(
      checkAlarms(
        looks(60, (i) => ({ page: page(i) })),
        outage,
        [alert],
      ),
    ).toEqual([])
    expect(
      checkAlarms(
        looks(60, () => ({ page: page(0) })),
        outage,
        [alert],
      ),
    ).toHaveLength(1)
  })
})

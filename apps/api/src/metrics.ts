import type { MailErrorCode } from '@waybill/mail'
import { counter, createRegistry, gauge, histogram, type Registry } from '@waybill/runtime'

/** Why a mail did not go out; `mails_off`: no SMTP server is configured. */
export type MailFailure = MailErrorCode | 'mails_off'

export type ApiMetrics = {
  registry: Registry
  accepted(triggers: number): void
  flushed(rows: number, ms: number): void
  /** A call needed a mail. */
  mailed(outcome: 'sent' | 'failed'): void
  mailFailed(code: MailFailure): void
  /** `route` is a pattern of the route table, never a path. */
  answered(route: string, method: string, status: number, ms: number): void
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5]

/** Bounded labels only. */
export function createApiMetrics(live: {
  queueReady: () => boolean
  wakeUpsDropped: () => number
}): ApiMetrics {
  const registry = createRegistry()
  const accepted = counter({ registry, name: 'waybill_triggers_accepted_total', help: 'Triggers committed.' })
  const requests = counter({
    registry,
    name: 'waybill_http_requests_total',
    help: 'Answers given, by route, method and status class.',
    labels: ['route', 'method', 'status'],
  })
  const duration = histogram({
    registry,
    name: 'waybill_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labels: ['route'],
    buckets: seconds,
  })
  const flushRows = histogram({
    registry,
    name: 'waybill_accept_flush_rows',
    help: 'Triggers per flush.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000],
  })
  const flushSeconds = histogram({
    registry,
    name: 'waybill_accept_flush_duration_seconds',
    help: 'Time a flush took.',
    buckets: seconds,
  })
  const mails = counter({
    registry,
    name: 'waybill_mails_total',
    help: 'Mails that calls needed: sent, failed.',
    labels: ['outcome'],
  })
  const mailFailures = counter({
    registry,
    name: 'waybill_mail_failures_total',
    help: 'Mails that calls needed and that could not be sent, by why.',
    labels: ['code'],
  })
  gauge({
    registry,
    name: 'waybill_queue_ready',
    help: '1 while wake-ups can leave, 0 while they are dropped and the sweep delivers.',
    collect: (self) => self.set(live.queueReady() ? 1 : 0),
  })
  gauge({
    registry,
    name: 'waybill_wake_ups_dropped',
    help: 'Wake-ups that did not leave since the start.',
    collect: (self) => self.set(live.wakeUpsDropped()),
  })
  // Looking a label set up costs more than counting: each is bound once.
  const bound = new Map<string, { inc(): void; observe(value: number): void }>()
  const bind = (route: string, method: string, status: string) => {
    const count = requests.labels(route, method, status)
    const time = duration.labels(route)
    return { inc: () => count.inc(), observe: (value: number) => time.observe(value) }
  }
  return {
    registry,
    mailed: (outcome) => mails.inc({ outcome }),
    mailFailed: (code) => mailFailures.inc({ code }),
    accepted: (triggers) => accepted.inc(triggers),
    flushed: (rows, ms) => {
      flushRows.observe(rows)
      flushSeconds.observe(ms / 1_000)
    },
    answered: (route, method, status, ms) => {
      const key = `${route} ${method} ${Math.floor(status / 100)}`
      let found = bound.get(key)
      if (!found) bound.set(key, (found = bind(route, method, `${Math.floor(status / 100)}xx`)))
      found.inc()
      found.observe(ms / 1_000)
    },
  }
}

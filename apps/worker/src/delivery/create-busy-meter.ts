import { eventLoopMeter } from './event-loop-meter.ts'

/** Says whether bulk sends should hold back, so that those of others find a process with time to spare. */
export type BusyMeter = {
  /** A batch that is not bulk was taken up. */
  othersSend(): void
  /** True while others send and the process has little time left. */
  isBusy(): boolean
}

export type BusyMeterOptions = {
  monotonic?: () => number
  /** The part of the time since it was last asked that the process was at work, 0 to 1. */
  utilization?: () => number
}

/** How long after the last one others are thought to go on. */
const othersForMs = 2_000
/** The part of its time that the process may be at work while others send. */
const mostAtWork = 0.6
const lookEveryMs = 5

export function createBusyMeter(options: BusyMeterOptions = {}): BusyMeter {
  const { monotonic: now = () => performance.now(), utilization = eventLoopMeter() } = options
  let othersAt = -Infinity
  let lookedAt = -Infinity
  let busy = false
  return {
    othersSend: () => {
      othersAt = now()
    },
    isBusy: () => {
      const at = now()
      if (at - othersAt > othersForMs) return false
      if (at - lookedAt < lookEveryMs) return busy
      lookedAt = at
      busy = utilization() > mostAtWork
      return busy
    },
  }
}

/** Lets sends pass only while they are allowed to: the lease holds and not too much waits to be recorded. */
export type SendGate = {
  isOpen(): boolean
  /** Resolves when sending is allowed; false when the process is stopping instead. */
  pass(): Promise<boolean>
  stop(): void
}

export type SendGateDeps = {
  leaseHolds: () => boolean
  unrecorded: () => { rows: number; oldestAgeMs: number }
  pause: (ms: number) => Promise<void>
}

/** More than this many outcomes that are not yet written stop further sends. */
const maxUnrecorded = 500
/** So does one that has waited this long, in ms. */
const maxUnrecordedAgeMs = 5_000
const lookAgainMs = 20

export function createSendGate(deps: SendGateDeps): SendGate {
  let stopping = false
  const isOpen = () => {
    const { rows, oldestAgeMs } = deps.unrecorded()
    return !stopping && deps.leaseHolds() && rows <= maxUnrecorded && oldestAgeMs <= maxUnrecordedAgeMs
  }
  const wait = async () => {
    while (!stopping && !isOpen()) await deps.pause(lookAgainMs)
  }
  // Hundreds of sends may wait: they share one look.
  let opening: Promise<void> | undefined
  return {
    isOpen,
    pass: async () => {
      if (!isOpen()) await (opening ??= wait().finally(() => (opening = undefined)))
      return !stopping
    },
    stop: () => {
      stopping = true
    },
  }
}

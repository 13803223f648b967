/** Lets sends pass only while they are allowed to: the lease holds and not too much waits to be recorded. */
export type SendGate = {
  /** @param bulk closes it earlier, so that others can still pass */
  isOpen(bulk?: boolean): boolean
  /** Resolves when sending is allowed; false when the process is stopping instead. */
  pass(bulk?: boolean): Promise<boolean>
  stop(): void
}

export type SendGateDeps = {
  leaseHolds: () => boolean
  unrecorded: () => { rows: number; oldestAgeMs: number }
  /** Bulk sends shall hold back. */
  isBusy: () => boolean
  pause: (ms: number) => Promise<void>
}

/** More than this many outcomes that are not yet written stop further sends. */
const maxUnrecorded = 500
/** The same for bulk sends: what is left of the other figure is for those who are not. */
const maxUnrecordedBulk = 350
/** So does one that has waited this long, in ms. */
const maxUnrecordedAgeMs = 5_000
const lookAgainMs = 20
const lookAgainBulkMs = 5

export function createSendGate(deps: SendGateDeps): SendGate {
  let stopping = false
  const isOpen = (bulk = false) => {
    const { rows, oldestAgeMs } = deps.unrecorded()
    const most = bulk ? maxUnrecordedBulk : maxUnrecorded
    if (stopping || !deps.leaseHolds() || rows > most || oldestAgeMs > maxUnrecordedAgeMs) return false
    return !bulk || !deps.isBusy()
  }
  const wait = async (bulk: boolean) => {
    while (!stopping && !isOpen(bulk)) await deps.pause(bulk ? lookAgainBulkMs : lookAgainMs)
  }
  // Hundreds of sends may wait: they share one look.
  const opening = new Map<boolean, Promise<void>>()
  const open = (bulk: boolean) => {
    const known = opening.get(bulk)
    if (known) return known
    const made = wait(bulk).finally(() => opening.delete(bulk))
    opening.set(bulk, made)
    return made
  }
  return {
    isOpen,
    pass: async (bulk = false) => {
      if (!isOpen(bulk)) await open(bulk)
      return !stopping
    },
    stop: () => {
      stopping = true
    },
  }
}

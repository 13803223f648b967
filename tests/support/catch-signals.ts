export type SignalCatcher = {
  /** The first one that came, if any. */
  readonly received: NodeJS.Signals | undefined
  onSignal(listener: (signal: NodeJS.Signals) => void): void
}

/** From here on SIGINT, SIGTERM and SIGHUP no longer end this process: what runs is to be ended in order. */
export function catchSignals(): SignalCatcher {
  let received: NodeJS.Signals | undefined
  const listeners: ((signal: NodeJS.Signals) => void)[] = []
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      received ??= name
      for (const listener of listeners) listener(name)
    })
  }
  return {
    get received() {
      return received
    },
    onSignal: (listener) => {
      listeners.push(listener)
      if (received !== undefined) listener(received)
    },
  }
}

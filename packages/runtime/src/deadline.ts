/**
 * Settles like `promise`, or rejects with `onTimeout()` after `ms` milliseconds. The work behind the promise is not
 * cancelled; its late outcome, also a rejection, is dropped.
 *
 * A process that was busy or stopped finds its timers due before it has read what arrived meanwhile: that is read first.
 */
export function withDeadline<T>(promise: Promise<T>, ms: number, onTimeout: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let settled = false
    const timer = setTimeout(() => setImmediate(() => settled || reject(onTimeout())), ms)
    promise.then(resolve, reject).finally(() => {
      settled = true
      clearTimeout(timer)
    })
  })
}

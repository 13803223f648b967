/**
 * Settles like `promise`, or rejects with `onTimeout()` after `ms` milliseconds. The work behind the promise is not
 * cancelled; its late outcome, also a rejection, is dropped.
 */
export function withDeadline<T>(promise: Promise<T>, ms: number, onTimeout: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(onTimeout()), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

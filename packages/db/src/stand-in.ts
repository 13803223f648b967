/**
 * Looks and behaves as whatever `current` returns at each use, so that what is replaced later may be kept, spread and handed
 * on. What it gave out stays with the one that gave it: a statement that has begun, an open transaction.
 */
export function standIn<T extends object>(current: () => T): T {
  return new Proxy(current(), {
    apply: (_first, self, given: unknown[]): unknown =>
      Reflect.apply(current() as unknown as (...given: unknown[]) => unknown, self, given),
    get: (_first, name): unknown => Reflect.get(current(), name),
  })
}

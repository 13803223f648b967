import { pgErrorCode } from '@waybill/db'

export type StoreHealth = {
  /** A flush has stored triggers. */
  stored(): void
  /** A flush has failed. */
  failed(error: unknown): void
  /** Why triggers cannot be stored at the moment, as far as is known; undefined: they can. */
  failing(): string | undefined
}

/** So many flushes in a row are no accident. */
const enough = 3
/**
 * Whoever takes this process out of service for its failures sends it no triggers that could show their end: so they count for
 * half a minute, and then the next triggers find out.
 */
const believedMs = 30_000

/** No room or memory (53), a fault of the disk (58030), no writes (25006), or no answer in time. */
const storageFault = /^(53\w{3}|58030|25006|57014|55P03|STORAGE_TIMEOUT)$/

/** What the latest flushes say of the storage, which answers a SELECT also while nothing can be stored. */
export function createStoreHealth(monotonic: () => number): StoreHealth {
  let failures = 0
  let failedAt = -Infinity
  let code = ''
  return {
    stored: () => void (failures = 0),
    failed: (error) => {
      const found = pgErrorCode(error) ?? ''
      if (!storageFault.test(found)) return
      const now = monotonic()
      failures = now - failedAt > believedMs ? 1 : failures + 1
      failedAt = now
      code = found
    },
    failing: () =>
      failures >= enough && monotonic() - failedAt <= believedMs ? `flushes fail with ${code}` : undefined,
  }
}

import { hashToken, type Principal } from '@waybill/db'

export type TokenCache<T = Principal> = {
  /** Who a living token stands for, at once when it is remembered. Rejects when the database cannot be asked. */
  find(token: string): T | undefined | Promise<T | undefined>
  /** Whether the token was good when it was last looked up, however long ago that is. Asks nobody. */
  wasGood(token: string): boolean
}

type Remembered<T> = { found: T | undefined; until: number }

type TokenCacheOptions<T> = {
  ttlMs: number
  monotonic: () => number
  /** False for what is to be looked up each time; without it everything is believed for `ttlMs`. */
  keeps?: (found: T) => boolean
}

const maxGood = 10_000
/** Bad tokens are remembered apart, so that a flood of them cannot push out the good ones. */
const maxBad = 1_000

/** Remembers tokens, also unknown ones, for `ttlMs` by their SHA-256. Concurrent questions for one token are one query. */
export function createTokenCache<T = Principal>(
  lookUp: (hash: Buffer) => Promise<T | undefined>,
  { ttlMs, monotonic, keeps = () => true }: TokenCacheOptions<T>,
): TokenCache<T> {
  const good = new Map<string, Remembered<T>>()
  const bad = new Map<string, Remembered<T>>()
  const asking = new Map<string, Promise<T | undefined>>()

  const ask = async (key: string, hash: Buffer): Promise<T | undefined> => {
    try {
      const found = await lookUp(hash)
      good.delete(key)
      bad.delete(key)
      const now = monotonic()
      if (found === undefined) remember(bad, key, { found, until: now + ttlMs }, maxBad)
      else remember(good, key, { found, until: keeps(found) ? now + ttlMs : now }, maxGood)
      return found
    } finally {
      asking.delete(key)
    }
  }
  return {
    wasGood: (token) => good.has(keyOf(hashToken(token))),
    find: (token) => {
      const hash = hashToken(token)
      const key = keyOf(hash)
      const known = good.get(key) ?? bad.get(key)
      if (known && monotonic() < known.until) return known.found
      const running = asking.get(key) ?? ask(key, hash)
      asking.set(key, running)
      return running
    },
  }
}

const keyOf = (hash: Buffer): string => hash.toString('latin1')

function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.set(key, value)
  if (map.size <= most) return
  for (const oldest of map.keys()) if (map.delete(oldest)) break
}

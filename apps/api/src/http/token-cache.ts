import { hashToken, type Principal } from '@waybill/db'

export type TokenCache = {
  /** The living principal of a token, at once when it is remembered. Rejects when the database cannot be asked. */
  find(token: string): Principal | undefined | Promise<Principal | undefined>
}

type Remembered = { principal: Principal | undefined; until: number }

const maxGood = 10_000
/** Bad tokens are remembered apart, so that a flood of them cannot push out the good ones. */
const maxBad = 1_000

/** Remembers tokens, also unknown ones, for `ttlMs` by their SHA-256. Concurrent questions for one token are one query. */
export function createTokenCache(
  lookUp: (hash: Buffer) => Promise<Principal | undefined>,
  { ttlMs, monotonic }: { ttlMs: number; monotonic: () => number },
): TokenCache {
  const good = new Map<string, Remembered>()
  const bad = new Map<string, Remembered>()
  const asking = new Map<string, Promise<Principal | undefined>>()

  const ask = async (key: string, hash: Buffer): Promise<Principal | undefined> => {
    try {
      const principal = await lookUp(hash)
      good.delete(key)
      bad.delete(key)
      remember(
        principal ? good : bad,
        key,
        { principal, until: monotonic() + ttlMs },
        principal ? maxGood : maxBad,
      )
      return principal
    } finally {
      asking.delete(key)
    }
  }
  return {
    find: (token) => {
      const hash = hashToken(token)
      const key = hash.toString('latin1')
      const known = good.get(key) ?? bad.get(key)
      if (known && monotonic() < known.until) return known.principal
      const running = asking.get(key) ?? ask(key, hash)
      asking.set(key, running)
      return running
    },
  }
}

function remember(map: Map<string, Remembered>, key: string, value: Remembered, most: number): void {
  map.set(key, value)
  if (map.size <= most) return
  for (const oldest of map.keys()) if (map.delete(oldest)) break
}

import { findSession, touchSession, type SessionRecord, type Storage } from '@waybill/db'
import { askStorage } from '../../http/ask-storage.ts'
import { createTokenCache, type TokenCache } from '../../http/token-cache.ts'

export type Sessions = TokenCache<SessionRecord>

type SessionsOptions = { ttlMs: number; monotonic: () => number }

/** Use is recorded at a look-up, so a session in use is looked up at least this often. */
const maxTtlMs = 60_000

/**
 * Sessions by their tokens, for `ttlMs` from memory and 60 s at most. Those that are over and those of users without a
 * role are asked for each time: the next call may find them changed.
 */
export function createSessions(
  storage: Pick<Storage, 'auth' | 'suspect'>,
  { ttlMs, monotonic }: SessionsOptions,
): Sessions {
  const lookUp = async (hash: Buffer): Promise<SessionRecord | undefined> => {
    const session = await findSession(storage.auth, hash)
    // At most one write a minute for each session, however often it is used.
    if (session?.useIsOld && !session.isOver) await touchSession(storage.auth, session.id)
    return session
  }
  return createTokenCache((hash) => askStorage(storage, lookUp(hash)), {
    ttlMs: Math.min(ttlMs, maxTtlMs),
    monotonic,
    keeps: ({ isOver, user }) => !isOver && user.roles.length > 0,
  })
}

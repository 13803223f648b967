/** TLS sessions to resume: saves most of a handshake's CPU when a connection has to be made anew. */
export interface TlsSessions {
  /** Takes a session out; whoever could use it puts it back. A session that fails is thereby forgotten. */
  take(key: string): Buffer | undefined
  put(key: string, session: Buffer): void
}

/** Keeps the last session of each key, and of `most` keys those used last. */
export function createTlsSessions(most: number): TlsSessions {
  const sessions = new Map<string, Buffer>()
  return {
    take(key) {
      const session = sessions.get(key)
      sessions.delete(key)
      return session
    },
    put(key, session) {
      sessions.delete(key)
      sessions.set(key, session)
      const [oldest] = sessions.keys()
      if (sessions.size > most && oldest !== undefined) sessions.delete(oldest)
    },
  }
}

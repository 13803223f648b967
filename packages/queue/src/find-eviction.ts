import type { Redis } from 'ioredis'

/** Says so when the Redis would evict keys: it would lose parts of a queue. Servers that do not tell their policy pass. */
export const findEviction = async (client: Redis): Promise<string | undefined> => {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info('memory'))?.[1]
  if (policy === undefined || policy === 'noeviction') return undefined
  return `maxmemory-policy of the Redis is ${policy}; it must be noeviction`
}

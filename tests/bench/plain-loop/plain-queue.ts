export const plainQueue = 'plain-loop'

export type PlainJob = { id: string; body: unknown }

/** Where both halves of the plain loop find their Redis. `null` is what BullMQ asks of workers. */
export function plainRedis() {
  return { url: process.env['PLAIN_REDIS_URL'] ?? '', maxRetriesPerRequest: null }
}

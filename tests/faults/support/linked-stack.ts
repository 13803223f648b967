import type { FaultProxy, LinkFaults } from './fault-proxy.ts'
import type { FaultStack, FaultStackOptions } from './fault-stack.ts'
import type { FaultContext } from './scenario.ts'
import { usualStack } from './start-load.ts'

export type LinkName = 'apiPostgres' | 'workerPostgres' | 'apiRedis' | 'workerRedis'
export type LinkedStack = { stack: FaultStack; links: Partial<Record<LinkName, FaultProxy>> }

/** The usual stack, each link of which goes through a proxy of its own. On the Postgres queue there are two links. */
export async function linkedStack(
  context: FaultContext,
  options: Partial<FaultStackOptions> & { worker?: boolean; receiverDelayMs?: number } = {},
): Promise<LinkedStack> {
  const databaseUrl = options.databaseUrl ?? (await context.database())
  const queue = options.queue ?? context.queue(databaseUrl)
  const apiPostgres = await context.proxy()
  const workerPostgres = await context.proxy()
  const api = { databaseUrl: apiPostgres.route(databaseUrl) }
  const worker = { databaseUrl: workerPostgres.route(databaseUrl) }
  if (queue.backend === 'postgres') {
    const stack = await usualStack(context, { ...options, databaseUrl, queue, links: { api, worker } })
    return { stack, links: { apiPostgres, workerPostgres } }
  }
  const apiRedis = await context.proxy()
  const workerRedis = await context.proxy()
  const links = {
    api: { ...api, redisUrl: apiRedis.route(queue.redisUrl) },
    worker: { ...worker, redisUrl: workerRedis.route(queue.redisUrl) },
  }
  const stack = await usualStack(context, { ...options, databaseUrl, queue, links })
  return { stack, links: { apiPostgres, workerPostgres, apiRedis, workerRedis } }
}

/** Does the same to several links. */
export function setLinks(links: readonly (FaultProxy | undefined)[], faults: LinkFaults): void {
  for (const link of links) link?.set(faults)
}

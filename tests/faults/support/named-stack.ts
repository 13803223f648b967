import { startDnsServer, type DnsAnswer, type TestDns } from '@waybill/testing'
import type { FaultStack, Subscribed } from './fault-stack.ts'
import type { FaultContext } from './scenario.ts'
import { startRelay, type Relay } from './start-relay.ts'

/** Where the receiver is to be found by name. The worker may dial this address and no other. */
export const receiverAddress = '127.0.0.2'
/** What no name may lead to; a canary listens there, on the receiver's port. */
export const forbiddenAddress = '127.0.0.1'

export type NamedStack = {
  stack: FaultStack
  dns: TestDns
  /** What names answer from now on; those that are not in it lead to the receiver. */
  answers: Map<string, DnsAnswer>
  canary: Relay
  /** A subscription whose URL has the host `<name>.example` and the path `/<name>`. */
  subscribe(name: string, changes?: Parameters<FaultStack['subscribe']>[1]): Promise<Subscribed>
}

/** A stack with one api and one worker that resolves names at a name server of its own. Every request looks its name up. */
export async function namedStack(context: FaultContext): Promise<NamedStack> {
  const answers = new Map<string, DnsAnswer>()
  const dns = await startDnsServer(
    (name, family) => answers.get(name.replace(/\.example$/, '')) ?? (family === 4 ? [receiverAddress] : []),
  )
  context.cleanUp(() => dns.close())
  const databaseUrl = await context.database()
  const stack = await context.stack({
    databaseUrl,
    queue: context.queue(databaseUrl),
    workerEnv: { DNS_SERVERS: dns.address, EGRESS_ALLOW: receiverAddress },
  })
  await closeAfterEachAnswer(stack)
  const { door, canary } = await openDoor(context, stack)
  return {
    stack,
    dns,
    answers,
    canary,
    subscribe: (name, changes = {}) =>
      stack.subscribe(`/${name}`, { url: `http://${name}.example:${door.port}/${name}`, ...changes }),
  }
}

/** Connections that stay open would save the next request its lookup. */
const closeAfterEachAnswer = (stack: FaultStack): Promise<void> =>
  stack.receiver.program({
    rules: [{ answer: { status: 200, delayMs: 10, headers: { connection: 'close' } } }],
  })

/** The receiver's door at the one address and the canary at the other, on one port. */
async function openDoor(context: FaultContext, { receiver }: FaultStack) {
  const door = await startRelay(
    { host: receiverAddress, port: 0 },
    { host: '127.0.0.1', port: receiver.port },
  )
  context.cleanUp(() => door.close())
  const canary = await startRelay({ host: forbiddenAddress, port: door.port })
  context.cleanUp(() => canary.close())
  return { door, canary }
}

import { setTimeout as pause } from 'node:timers/promises'
import type { FaultContext } from './scenario.ts'
import type { FaultStack, FaultStackOptions } from './fault-stack.ts'
import type { PostOptions } from './fault-client.ts'

/**
 * A stack on the shared servers with one api, one worker and the usual subscriptions: 50 of which 8 fail at first, or with
 * `few` 3 of which one does.
 */
export async function usualStack(
  context: FaultContext,
  options: Partial<FaultStackOptions> & {
    worker?: boolean
    receiverDelayMs?: number
    flakiness?: number
    few?: boolean
  } = {},
): Promise<FaultStack> {
  const { worker = true, receiverDelayMs = 10, flakiness, few = false, ...rest } = options
  const databaseUrl = rest.databaseUrl ?? (await context.database())
  const stack = await context.stack({ queue: context.queue(databaseUrl), ...rest, databaseUrl })
  await usualSubscriptions(stack, receiverDelayMs, flakiness)
  if (!few) await manySubscriptions(stack)
  await Promise.all([stack.startApi(), worker ? stack.startWorker() : undefined])
  return stack
}

/** /steady and /second answer 200; /flaky… fails the first request of a delivery, that often. */
export async function usualSubscriptions(stack: FaultStack, delayMs = 10, flakiness = 0.2): Promise<void> {
  await stack.receiver.program({
    rules: [
      { begins: '/flaky', first: 1, chance: flakiness, answer: { status: 500, delayMs } },
      { answer: { status: 200, delayMs } },
    ],
  })
  for (const path of ['/steady', '/second', '/flaky']) await stack.subscribe(path)
}

/**
 * 47 more, each for the orders of one facility, so that a trigger makes four deliveries and 50 lanes have work: at the usual 50
 * triggers a second that is 200 deliveries a second.
 */
async function manySubscriptions(stack: FaultStack): Promise<void> {
  const facilities = Array.from({ length: 47 }, (_, i) => `site-${i}`)
  for (const [i, facility] of facilities.entries())
    await stack.subscribe(`/${i % 7 === 0 ? 'flaky' : 'site'}-${i}`, { filters: { facilities: [facility] } })
  stack.client.spreadOver(facilities)
}

/** Traffic in the background until `stop`, which resolves when the last call is answered. */
export function startLoad(stack: FaultStack, options: PostOptions = {}): { stop(): Promise<void> } {
  const state = { stopped: false }
  const posting = stack.client.post(Number.POSITIVE_INFINITY, {
    rate: 50,
    atOnce: 20,
    ...options,
    until: () => state.stopped,
  })
  // Told by `stop`; a scenario that breaks off asks nobody.
  posting.catch(() => {})
  return {
    stop: async () => {
      state.stopped = true
      await posting
    },
  }
}

/** Traffic of every kind of client at once, `rate` a second each. */
export function startEveryLoad(stack: FaultStack, rate = 25): { stop(): Promise<void> } {
  const kinds = ['fetch', 'balanced', 'single'] as const
  const loads = kinds.map((as) => startLoad(stack, { rate, as }))
  return { stop: async () => void (await Promise.all(loads.map((load) => load.stop()))) }
}

/** Resolves after `ms`: the length of a fault, not a wait for something that should happen. */
export const lasts = (ms: number): Promise<void> => pause(ms)

import { setTimeout as pause } from 'node:timers/promises'
import type { FaultContext } from './scenario.ts'
import type { FaultStack, FaultStackOptions } from './fault-stack.ts'
import type { PostOptions } from './fault-client.ts'

/** A stack on the shared servers with one api, one worker and three subscriptions, one of which fails at first. */
export async function usualStack(
  context: FaultContext,
  options: Partial<FaultStackOptions> & {
    worker?: boolean
    receiverDelayMs?: number
    flakiness?: number
  } = {},
): Promise<FaultStack> {
  const { worker = true, receiverDelayMs = 10, flakiness, ...rest } = options
  const databaseUrl = rest.databaseUrl ?? (await context.database())
  const stack = await context.stack({ queue: context.queue(databaseUrl), ...rest, databaseUrl })
  await usualSubscriptions(stack, receiverDelayMs, flakiness)
  await Promise.all([stack.startApi(), worker ? stack.startWorker() : undefined])
  return stack
}

/** /steady and /second answer 200; /flaky fails the first request of a delivery, that often. */
export async function usualSubscriptions(stack: FaultStack, delayMs = 10, flakiness = 0.2): Promise<void> {
  await stack.receiver.program({
    rules: [
      { path: '/flaky', first: 1, chance: flakiness, answer: { status: 500, delayMs } },
      { answer: { status: 200, delayMs } },
    ],
  })
  for (const path of ['/steady', '/second', '/flaky']) await stack.subscribe(path)
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

import type { Backend } from './backends-of.ts'
import type { Bench } from './bench.ts'
import { startBenchProcess, type BenchProcess } from './bench-process.ts'
import { benchIntegration } from './seed-stack.ts'
import { seedSubscribers } from './seed-subscribers.ts'
import { startSeededStack, type Stack } from './start-stack.ts'

/** A stack with as many subscriptions as facilities, each at an origin of its own, and the processes on both sides. */
export type Yards = { stack: Stack; receiver: BenchProcess; loader: BenchProcess; facilities: string[] }

/** @param also facilities that every subscription listens to beside its own */
export async function startYards(
  bench: Bench,
  backend: Backend,
  { count, timeoutMs, also = [] }: { count: number; timeoutMs: number; also?: string[] },
): Promise<Yards> {
  const receiver = startBenchProcess(bench, 'support/subscribers.ts')
  const loader = startBenchProcess(bench, 'support/open-loop.ts')
  const origins = await receiver.ask<string[]>('listen', count)
  const facilities = origins.map((_, i) => `yard-${i}`)
  const seeds = origins.map((origin, i) => ({
    integration: benchIntegration,
    url: `${origin}/${i}`,
    facilities: [facilities[i] ?? '', ...also],
    timeoutMs,
  }))
  const stack = await startSeededStack(bench, backend, '/', (url, key) => seedSubscribers(url, key, seeds))
  return { stack, receiver, loader, facilities }
}

import { redisServerPath } from '@waybill/testing'
import type { Bench } from './bench.ts'
import { startBenchProcess } from './bench-process.ts'
import type { Contender } from './contender.ts'
import type { Field } from './run-load.ts'
import { startPlainLoop } from './start-plain-loop.ts'
import { startStack } from './start-stack.ts'
import type { Stack } from './start-stack.ts'

export type Lineup = {
  stacks: Stack[]
  plain: Contender | undefined
  /** All of them in the order of a repeat. */
  inOrder: Contender[]
}

export async function startField(bench: Bench): Promise<Field> {
  const receiver = startBenchProcess(bench, 'support/receiver.ts')
  const loader = startBenchProcess(bench, 'support/loader.ts')
  const { url } = await receiver.ask<{ url: string }>('listen')
  return { loader, receiver, receiverUrl: url, accepted: new Map(), posted: new Map() }
}

/** Waybill on the queues asked for, around the plain loop. What needs a Redis is left out without one, aloud. */
export async function startLineup(bench: Bench, receiverUrl: string): Promise<Lineup> {
  const { queue } = bench.options
  const redisThere = redisServerPath() !== undefined
  if (!redisThere) {
    if (queue === 'redis') throw new Error('there is neither redis-server nor valkey-server on the PATH')
    console.warn('bench: NO REDIS on the PATH: B, the plain loop, and Waybill on Redis are LEFT OUT.')
  }
  const redis = redisThere && queue !== 'postgres' ? await startStack(bench, 'redis', receiverUrl) : undefined
  const plain = redisThere ? await startPlainLoop(bench, receiverUrl) : undefined
  const postgres = queue === 'redis' ? undefined : await startStack(bench, 'postgres', receiverUrl)
  const there = <T>(one: T | undefined): one is T => one !== undefined
  return { stacks: [redis, postgres].filter(there), plain, inOrder: [redis, plain, postgres].filter(there) }
}

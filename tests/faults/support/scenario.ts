import type { QueueConfig } from '@waybill/queue'
import type { TestRedis } from '@waybill/testing'
import type { FaultProxy } from './fault-proxy.ts'
import type { FaultStack, FaultStackOptions } from './fault-stack.ts'
import type { Finding } from './judge.ts'
import type { Given, Magnitude } from './magnitude.ts'
import type { PrivatePostgres } from './private-postgres.ts'

export type Backend = QueueConfig['backend']
export const bothBackends: readonly Backend[] = ['postgres', 'redis']

/** One fault: how it is injected and what must hold. */
export type Scenario = {
  /** As in docs/faults.md, for example `F17`. */
  id: string
  title: string
  backends: readonly Backend[]
  /** Only where a fault is usually smaller than it is listed. */
  magnitude?: Magnitude
  run(context: FaultContext): Promise<Finding>
}

/** What a scenario starts with; everything it makes here ends after it, in reverse order. */
export type FaultContext = {
  backend: Backend
  seed: number
  /** Seeded. A run that asks for it keeps its ledgers. */
  random: () => number
  /** How much of the fault to inject, in the scenario's unit. */
  magnitude: number
  /** Everything as it is listed. */
  full: boolean
  /** The ledgers' folder. */
  folder: string
  night: Given['night']
  /** A migrated database of its own on the shared server. */
  database(): Promise<string>
  /** A server of its own, migrated, that the scenario may stop, kill and fill. */
  privatePostgres(settings?: Record<string, string>, inFolder?: string): Promise<PrivatePostgres>
  privateRedis(options?: { appendonly?: boolean }): Promise<TestRedis>
  /** The queue of this run's backend: in this database, or on this or the shared Redis. */
  queue(databaseUrl: string, redisUrl?: string): QueueConfig
  proxy(): Promise<FaultProxy>
  stack(options: Omit<FaultStackOptions, 'folder' | 'seed'>): Promise<FaultStack>
  cleanUp(step: () => Promise<unknown>): void
  log(text: string): void
}

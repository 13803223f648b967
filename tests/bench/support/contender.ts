import type { Statement } from './counters.ts'
import type { ProcessCpu } from './cpu.ts'

/** One system under test, started and ready. */
export type Contender = {
  name: string
  /** Where its triggers are posted. */
  origin: string
  headers: Record<string, string>
  /** The receiver's path for its deliveries. */
  path: string
  /** Starts a measurement; the function returned ends it. Both ends are moments without load. */
  watch(): Promise<() => Promise<Watched>>
  /** Whether everything it accepted is dealt with and recorded, within `timeoutMs`. */
  settled(timeoutMs: number): Promise<boolean>
}

/** What happened between the two ends of a measurement. */
export type Watched = {
  /** By process; together they are the primary figure. */
  cpu: Record<string, ProcessCpu>
  /** CPU-seconds of the processes inside the database server, by what they are for. */
  postgresCpu: Record<string, number>
  statements: Statement[]
  walBytes: number
  evalsha: number
  redisCalls: number
}

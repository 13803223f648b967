import { createSemaphore } from '@waybill/runtime'
import { unavailable } from './problem.ts'

/** Calls that read and calls that change something wait apart: only these meet each other's locks. */
export type CallKind = 'read' | 'write'

/** How many calls are at the database at once, how many may wait for their turn, and how long, in ms. */
export type CallLimits = { atOnce: number; waiting: number; waitMs: number }

/** Does the work of a call when it is its turn, or throws a 503 `overloaded` before any of it was begun. */
export type CallGate = <T>(kind: CallKind, work: () => Promise<T>) => Promise<T>

/**
 * Keeps slow queries and locks from piling up more statements than the pools can ever answer in time. A turn ends with its work,
 * also where the caller was told long before that it took too long.
 */
export function createCallGate(limits: Readonly<Record<CallKind, CallLimits>>): CallGate {
  const gates = { read: createGate(limits.read), write: createGate(limits.write) }
  return (kind, work) => gates[kind](work)
}

function createGate({ atOnce, waiting, waitMs }: CallLimits) {
  const turns = createSemaphore(atOnce)
  const wait = async (): Promise<void> => {
    if (turns.waiting() >= waiting || !(await turns.acquireWithin(waitMs))) throw tooMany()
  }
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (!turns.tryAcquire()) await wait()
    try {
      return await work()
    } finally {
      turns.release()
    }
  }
}

const tooMany = () =>
  unavailable('overloaded', 'Too many calls wait for the database; please send this again.')

export const kindOf = (method: string | undefined): CallKind =>
  method === 'GET' || method === 'HEAD' ? 'read' : 'write'

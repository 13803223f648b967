import { redisServerPath } from '@waybill/testing'
import type { Bench } from './bench.ts'

export type Backend = 'redis' | 'postgres'

/** The queue backends asked for; Redis is left out where there is none, aloud. */
export function backendsOf({ options: { queue } }: Bench): Backend[] {
  const wanted = queue === 'both' ? (['redis', 'postgres'] as const) : [queue]
  if (redisServerPath() !== undefined || !wanted.includes('redis')) return [...wanted]
  console.warn('bench: NO REDIS on the PATH: it is LEFT OUT.')
  return wanted.filter((backend) => backend !== 'redis')
}

import { setTimeout as delay } from 'node:timers/promises'
import type { ApiClient } from '../api/create-api-client.ts'
import type { Scene } from './plan-play.ts'

/**
 * Posts the scenes at their times, one trigger alone and several as a batch, and returns the ids. `run` makes the
 * idempotency keys of this play its own: with those of an earlier one nothing would happen.
 */
export async function playOrders(
  api: Pick<ApiClient, 'postTrigger' | 'postTriggers'>,
  scenes: readonly Scene[],
  run: string,
  signal: AbortSignal,
): Promise<string[]> {
  const startedAt = performance.now()
  const ids: string[] = []
  for (const [index, { atMs, triggers }] of scenes.entries()) {
    await delay(Math.max(0, startedAt + atMs - performance.now()), undefined, { signal })
    const occurredAt = new Date().toISOString()
    const dated = triggers.map((trigger) => ({ ...trigger, occurred_at: occurredAt }))
    const key = `demo-${run}-${index}`
    const [only] = dated
    if (dated.length === 1 && only) ids.push((await api.postTrigger(only, key)).id)
    else ids.push(...(await api.postTriggers(dated, key)).ids)
  }
  return ids
}

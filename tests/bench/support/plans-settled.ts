import { setTimeout as pause } from 'node:timers/promises'
import type { Stack } from './start-stack.ts'

/** Whether the first outcomes of all plans are written within `timeoutMs`. */
export async function plansSettled({ observer: { sql } }: Stack, timeoutMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs
  while (performance.now() < giveUpAt) {
    const [row] = await sql<{ done: boolean }[]>`SELECT /* bench */ NOT EXISTS (SELECT FROM batches) AS done`
    if (row?.done) return true
    await pause(50)
  }
  return false
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findEvent } from '@waybill/domain'
import { z } from 'zod'
import { repoRoot } from '../stack/local-folder.ts'

const fields = z.record(z.string(), z.unknown())
const afterMs = z.int().min(0).max(10_000)

const step = z
  .strictObject({
    kind: z.enum(['order_status', 'order_event', 'facility_event']),
    name: z.string(),
    /** Since the step before. */
    after_ms: afterMs,
    /** What the order has learned by then. */
    adds: fields.optional(),
  })
  .refine(({ kind, name }) => findEvent(kind, name)?.name === name, {
    error: 'the catalogue has no such name',
  })

const order = z.strictObject({
  order_id: z.int().positive(),
  starts_after_ms: afterMs,
  order: fields,
  steps: z.array(step).min(1),
})

const shift = z.strictObject({
  facility_id: z.string(),
  starts_after_ms: afterMs,
  data: fields,
  steps: z.array(step).min(1),
})

const play = z.strictObject({ orders: z.array(order), shifts: z.array(shift) })

/** examples/orders.json: orders and shifts with what happens to each, and when. */
export type Play = z.infer<typeof play>

export const playFile = join(repoRoot, 'examples', 'orders.json')

/** @throws ZodError naming every step that the catalogue does not know */
export async function readPlay(path = playFile): Promise<Play> {
  return play.parse(JSON.parse(await readFile(path, 'utf8')))
}

import { demoIntegration } from './demo-subscribers.ts'
import type { Play } from './read-play.ts'

/** Triggers that are posted together, `atMs` after the play began. */
export type Scene = { atMs: number; triggers: object[] }

type Step = Play['orders'][number]['steps'][number]
type Cue = { atMs: number; trigger: object }

/** What happens within this time is posted in one call. */
const sceneMs = 100

/** Turns the orders' own timelines into one: a scene holds what happens at about the same time, in order. */
export function planPlay({ orders, shifts }: Play): Scene[] {
  const cues = [
    ...orders.flatMap((one) =>
      cuesOf(one.starts_after_ms, one.steps, one.order, (order) => ({ order_id: one.order_id, order })),
    ),
    ...shifts.flatMap((one) =>
      cuesOf(one.starts_after_ms, one.steps, one.data, (data) => ({ facility_id: one.facility_id, data })),
    ),
  ].toSorted((a, b) => a.atMs - b.atMs)
  const scenes = new Map<number, Scene>()
  for (const { atMs, trigger } of cues) {
    const start = Math.floor(atMs / sceneMs) * sceneMs
    const scene = scenes.get(start) ?? { atMs: start, triggers: [] }
    scene.triggers.push(trigger)
    scenes.set(start, scene)
  }
  return [...scenes.values()]
}

/** One trigger a step; what a step adds to the snapshot stays in the later ones. */
function cuesOf(
  startMs: number,
  steps: readonly Step[],
  first: Record<string, unknown>,
  content: (snapshot: Record<string, unknown>) => object,
): Cue[] {
  let atMs = startMs
  let snapshot = first
  return steps.map(({ kind, name, after_ms, adds }) => {
    atMs += after_ms
    snapshot = { ...snapshot, ...adds }
    return { atMs, trigger: { integration_id: demoIntegration.id, kind, name, ...content(snapshot) } }
  })
}

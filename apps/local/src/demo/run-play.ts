import { randomUUID } from 'node:crypto'
import type { ApiClient } from '../api/create-api-client.ts'
import type { ArrivalLog } from './arrival-log.ts'
import { collectStories } from './collect-stories.ts'
import type { PlacedSubscriber } from './ensure-subscriptions.ts'
import { planPlay } from './plan-play.ts'
import { playOrders } from './play-orders.ts'
import { printTable } from './print-table.ts'
import { readPlay } from './read-play.ts'
import { tally } from './tally.ts'

type Deps = {
  api: ApiClient
  log: ArrivalLog
  subscribers: readonly PlacedSubscriber[]
  say: (line?: string) => void
  signal: AbortSignal
}

/** Retries that come later than this after the last trigger are told as pending. */
const settleTimeoutMs = 12_000

/** Plays examples/orders.json through the API and prints what became of it. Returns the newest trigger's id. */
export async function runPlay({ api, log, subscribers, say, signal }: Deps): Promise<string | undefined> {
  const play = await readPlay()
  const scenes = planPlay(play)
  const count = scenes.reduce((sum, scene) => sum + scene.triggers.length, 0)
  say(
    `Playing examples/orders.json: ${play.orders.length} orders, ${play.shifts.length} shifts, ${count} triggers`,
  )
  const ids = await playOrders(api, scenes, randomUUID(), signal)
  const stories = await collectStories(api, ids, settleTimeoutMs, signal)
  say()
  const rows = tally(stories, subscribers, log)
  for (const line of printTable(rows)) say(line)
  say(
    'arrived: requests with a good signature. ms: from accepted to first arrival; Nursa sends no id to tell.',
  )
  say('Flaky answers 500 twice for its first three; Slow takes 1.5 s to answer.')
  const pending = rows.filter((row) => row.pending > 0).map((row) => `${row.name} (${row.pending})`)
  if (pending.length > 0) say(`Still being retried: ${pending.join(', ')}`)
  return ids.at(-1)
}

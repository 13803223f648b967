import { setTimeout as delay } from 'node:timers/promises'
import type { ApiClient } from '../api/create-api-client.ts'
import { isOpen, type TriggerStory } from '../api/trigger-story.ts'

const atOnce = 8
const everyMs = 300

/** Reads the triggers back until all their deliveries are settled, or until `timeoutMs` have passed. */
export async function collectStories(
  api: Pick<ApiClient, 'readTrigger'>,
  ids: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<TriggerStory[]> {
  const stories = new Map<string, TriggerStory>()
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    const open = ids.filter((id) => isUnsettled(stories.get(id)))
    for (let i = 0; i < open.length; i += atOnce) {
      signal.throwIfAborted()
      const read = await Promise.all(open.slice(i, i + atOnce).map((id) => api.readTrigger(id)))
      for (const story of read) stories.set(story.id, story)
    }
    const settled = ids.every((id) => !isUnsettled(stories.get(id)))
    if (settled || performance.now() > giveUpAt) return [...stories.values()]
    await delay(everyMs, undefined, { signal })
  }
}

const isUnsettled = (story: TriggerStory | undefined) =>
  story === undefined || story.state === 'accepted' || story.deliveries.some(isOpen)

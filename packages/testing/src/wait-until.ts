import type { ReceivedRequest } from './receiver-types.ts'

/** Resolves with `requests` as soon as the condition holds for them; asks again at every `change`. */
export function waitUntil(
  requests: readonly ReceivedRequest[],
  changed: EventTarget,
  condition: number | ((requests: readonly ReceivedRequest[]) => boolean),
  timeoutMs: number,
): Promise<readonly ReceivedRequest[]> {
  const holds = () => (typeof condition === 'number' ? requests.length >= condition : condition(requests))
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      changed.removeEventListener('change', ask)
      settle()
    }
    const ask = () => {
      try {
        if (holds()) finish(() => resolve(requests))
      } catch (error) {
        finish(() => reject(error))
      }
    }
    const timer = setTimeout(() => {
      const wanted = typeof condition === 'number' ? `${condition} requests` : 'what was waited for'
      finish(() =>
        reject(
          new Error(`Not ${wanted} within ${timeoutMs} ms; ${requests.length} came:\n${summary(requests)}`),
        ),
      )
    }, timeoutMs)
    changed.addEventListener('change', ask)
    ask()
  })
}

function summary(requests: readonly ReceivedRequest[]): string {
  return requests
    .slice(-10)
    .map(({ method, path, webhookId, answered }) => `${method} ${path} ${webhookId ?? ''} → ${answered}`)
    .join('\n')
}

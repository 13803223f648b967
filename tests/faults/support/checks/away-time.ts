import type { Sight } from '../watch-stack.ts'

/** How long of a time nobody could send, by what was seen: no worker was ready at one of two looks. In ms. */
export function awayTime(sights: readonly Sight[], fromMs: number, toMs: number): number {
  const canSend = ({ processes }: Sight) =>
    processes.some(({ app, ready }) => app === 'worker' && ready === 200)
  let away = 0
  for (const [i, sight] of sights.entries()) {
    const next = sights[i + 1]
    if (!next || (canSend(sight) && canSend(next))) continue
    away += Math.max(0, Math.min(toMs, next.atMs) - Math.max(fromMs, sight.atMs))
  }
  return away
}

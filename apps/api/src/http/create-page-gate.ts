import { createSemaphore } from '@waybill/runtime'
import { problem, unavailable } from './problem.ts'
import { CallerGone } from './read-body.ts'

/** Heavy pages of one process: how many pieces are made at once, and how many are under way, of all and of one caller. */
export type PageLimits = { atOnce: number; open: number; openOfOne: number }

/** Makes one piece of a page when it is its turn. */
export type Turn = <T>(makePiece: () => Promise<T>) => Promise<T>

export type PageGate = {
  /**
   * Lets a heavy page of this token in until `signal` aborts, which it must do once the answer is over, however it ends.
   * Throws a 429 while the token has too many of them, a 503 while everybody together has.
   */
  enter(tokenId: number, signal: AbortSignal): Turn
}

/**
 * Between two pieces a page holds no turn: a caller that reads slowly keeps nobody waiting. So what heavy pages need of
 * the process at most is a piece for each of them that is open, and the time of `atOnce` pieces between two looks at the
 * network.
 */
export function createPageGate({ atOnce, open, openOfOne }: PageLimits): PageGate {
  const turns = createSemaphore(atOnce)
  const inside = new Map<number, number>()
  let total = 0
  return {
    enter: (tokenId, signal) => {
      if (signal.aborted) throw nobodyWaits()
      const own = inside.get(tokenId) ?? 0
      if (own >= openOfOne) throw tooManyPages(openOfOne)
      if (total >= open)
        throw unavailable('overloaded', 'Too many large pages are under way; ask again later.')
      total += 1
      inside.set(tokenId, own + 1)
      const leave = () => {
        total -= 1
        const left = (inside.get(tokenId) ?? 1) - 1
        if (left > 0) inside.set(tokenId, left)
        else inside.delete(tokenId)
      }
      signal.addEventListener('abort', leave, { once: true })
      return async (makePiece) => {
        await turns.acquire()
        try {
          if (signal.aborted) throw nobodyWaits()
          return await makePiece()
        } finally {
          turns.release()
        }
      }
    },
  }
}

const tooManyPages = (most: number) =>
  problem(
    'too_many_pages',
    `A token may have ${most} large pages under way; ask for this one when one of them has come.`,
    { headers: { 'retry-after': '1' } },
  )

const nobodyWaits = () => new CallerGone('nobody waits for this page any more')

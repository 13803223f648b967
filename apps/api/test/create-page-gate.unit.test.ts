import { describe, expect, it } from '@jest/globals'
import { CallerGone } from '../src/http/read-body.ts'
import { createPageGate } from '../src/http/create-page-gate.ts'

const never = () => new AbortController().signal
const statusOf = (enter: () => unknown): number | undefined => {
  try {
    return void enter()
  } catch (error) {
    return (error as { status: number }).status
  }
}

describe('the gate of heavy pages', () => {
  it('makes no more pieces at once than it may', async () => {
    const gate = createPageGate({ atOnce: 2, open: 10, openOfOne: 10 })
    let making = 0
    let most = 0
    const makePiece = async () => {
      making += 1
      most = Math.max(most, making)
      await new Promise((resolve) => setImmediate(resolve))
      making -= 1
      return 'piece'
    }
    const pages = Array.from({ length: 6 }, () => gate.enter(7, never()))
    const pieces = await Promise.all([...pages, ...pages].map((turn) => turn(makePiece)))
    expect(pieces).toEqual(Array.from({ length: 12 }, () => 'piece'))
    expect(most).toBe(2)
  })

  it('passes on what making a piece throws, and the turn with it', async () => {
    const turn = createPageGate({ atOnce: 1, open: 1, openOfOne: 1 }).enter(7, never())
    await expect(turn(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await turn(() => Promise.resolve('next'))).toBe('next')
  })

  it('refuses one page too many of a token with 429, of all with 503, until one is over', () => {
    const gate = createPageGate({ atOnce: 1, open: 3, openOfOne: 2 })
    const first = new AbortController()
    gate.enter(7, first.signal)
    gate.enter(7, never())
    expect(statusOf(() => gate.enter(7, never()))).toBe(429)
    gate.enter(8, never())
    expect(statusOf(() => gate.enter(9, never()))).toBe(503)
    first.abort()
    expect(statusOf(() => gate.enter(7, never()))).toBeUndefined()
    expect(statusOf(() => gate.enter(9, never()))).toBe(503)
  })

  it('makes nothing for a page whose caller has gone while it waited, and lets nobody in who has', async () => {
    const gate = createPageGate({ atOnce: 1, open: 3, openOfOne: 3 })
    const gone = new AbortController()
    let finish = () => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const running = gate.enter(7, never())(() => finished)
    const made: string[] = []
    const waiting = gate.enter(7, gone.signal)(() => Promise.resolve(made.push('for nobody')))
    gone.abort()
    finish()
    await running
    await expect(waiting).rejects.toThrow(CallerGone)
    expect(made).toEqual([])
    expect(() => gate.enter(7, gone.signal)).toThrow(CallerGone)
  })
})

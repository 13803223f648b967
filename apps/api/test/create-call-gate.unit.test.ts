import { describe, expect, it } from '@jest/globals'
import { createCallGate } from '../src/http/create-call-gate.ts'

const limits = { atOnce: 1, waiting: 1, waitMs: 20 }

/** Work that ends when told to. */
function held() {
  let end = () => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  let begun = false
  const work = () => {
    begun = true
    return ended
  }
  return { work, end: () => end(), begun: () => begun }
}
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )

describe('the gate of calls', () => {
  it('refuses at once what finds too many waiting, and after a while what waited, without beginning it', async () => {
    const gate = createCallGate({ read: limits, write: limits })
    const [first, second, third] = [held(), held(), held()]
    const answered = codeOf(gate('write', first.work))
    const waited = codeOf(gate('write', second.work))
    expect(await codeOf(gate('write', third.work))).toBe('overloaded')
    expect(await waited).toBe('overloaded')
    first.end()
    expect(await answered).toBe('answered')
    expect([second.begun(), third.begun()]).toEqual([false, false])
    expect(await codeOf(gate('write', () => Promise.resolve()))).toBe('answered')
  })

  it('lets calls that read past those that change something', async () => {
    const gate = createCallGate({ read: limits, write: limits })
    const writing = held()
    const written = gate('write', writing.work)
    expect(await codeOf(gate('read', () => Promise.resolve()))).toBe('answered')
    writing.end()
    await written
  })

  it('ends a turn also when its work fails', async () => {
    const gate = createCallGate({ read: limits, write: limits })
    await expect(gate('read', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await codeOf(gate('read', () => Promise.resolve()))).toBe('answered')
  })
})

import { describe, expect, it } from '@jest/globals'
import { createLoop } from '../src/index.ts'
import type { LogFields } from '../src/index.ts'

function gate() {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

const quiet = { error: () => {} }
const HOUR = 3_600_000

describe('loop', () => {
  it('runs at once, again after each pause, and never overlaps itself', async () => {
    let running = 0
    let most = 0
    let runs = 0
    const fifth = gate()
    const loop = createLoop({
      name: 'count',
      everyMs: 1,
      logger: quiet,
      run: async () => {
        running += 1
        most = Math.max(most, running)
        loop.kick()
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        runs += 1
        if (runs === 5) fifth.open()
      },
    })
    loop.start()
    loop.start()
    await fifth.opened
    await loop.stop()
    expect(most).toBe(1)
  })

  it('logs a failed run and goes on', async () => {
    const logged: [string, LogFields | undefined][] = []
    const second = gate()
    let runs = 0
    const loop = createLoop({
      name: 'shaky',
      everyMs: 1,
      logger: { error: (event, fields) => logged.push([event, fields]) },
      run: async () => {
        runs += 1
        if (runs === 1) throw new Error('once')
        second.open()
      },
    })
    loop.start()
    await second.opened
    await loop.stop()
    expect(logged).toEqual([['loop.failed', { loop: 'shaky', error: new Error('once') }]])
  })

  it('is kicked out of its pause, and once more when kicked during a run', async () => {
    const gates = [gate(), gate(), gate()]
    let runs = 0
    const loop = createLoop({
      name: 'slow',
      everyMs: HOUR,
      logger: quiet,
      run: async () => {
        if (runs === 1) loop.kick()
        gates[runs]?.open()
        runs += 1
      },
    })
    loop.start()
    await gates[0]?.opened
    await new Promise((resolve) => setImmediate(resolve))
    loop.kick()
    await gates[1]?.opened
    await gates[2]?.opened
    await loop.stop()
    expect(runs).toBe(3)
  })

  it('aborts the current run on stop, waits for it, and does not log its end as a failure', async () => {
    const started = gate()
    const errors: string[] = []
    let ended = false
    const loop = createLoop({
      name: 'waiting',
      everyMs: 1,
      logger: { error: (event) => errors.push(event) },
      run: async (signal) => {
        started.open()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        ended = true
        throw new Error('aborted')
      },
    })
    loop.start()
    await started.opened
    await loop.stop()
    expect([ended, errors]).toEqual([true, []])
    loop.start()
    loop.kick()
    await loop.stop()
  })
})

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { watchStatements } from '../src/watch-statements.ts'

/** As those of the client, but that nothing ever comes of it: the client has lost it. */
class LostStatement extends Promise<unknown> {
  static override readonly [Symbol.species] = Promise
  state: object | null = null
  reject: (error: unknown) => void

  constructor() {
    let reject: (error: unknown) => void = () => {}
    super((_resolve, rejects) => (reject = rejects))
    this.reject = reject
  }

  handle(): void {
    this.state = {}
  }
}

describe('a statement that its client has lost', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('is told of, and fails a while later', async () => {
    const onSilent = jest.fn()
    const client = watchStatements(() => new LostStatement(), 1_000, onSilent)
    const statement = client()
    const failed = expect(statement).rejects.toMatchObject({ code: 'CONNECTION_DESTROYED' })
    statement.handle()
    jest.advanceTimersByTime(999)
    expect(onSilent).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    expect(onSilent).toHaveBeenCalledTimes(1)
    jest.advanceTimersByTime(10_000)
    await failed
    expect(onSilent).toHaveBeenCalledTimes(1)
  })

  it('in a transaction fails that', async () => {
    const onSilent = jest.fn()
    const begin = () => new Promise<void>(() => {})
    const client = watchStatements(
      Object.assign(() => {}, { begin }),
      1_000,
      onSilent,
    )
    const failed = expect(client.begin()).rejects.toMatchObject({ code: 'CONNECTION_DESTROYED' })
    jest.advanceTimersByTime(1_000)
    expect(onSilent).toHaveBeenCalledTimes(1)
    jest.advanceTimersByTime(10_000)
    await failed
  })
})

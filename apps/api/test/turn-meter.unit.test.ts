import { describe, expect, it } from '@jest/globals'
import { createTurnMeter } from '../src/http/create-turn-meter.ts'

describe('the turn meter', () => {
  it('counts from the first request of a turn, and anew in the next', async () => {
    const turn = createTurnMeter()
    expect([turn(1_000), turn(1_000), turn(1_700)]).toEqual([0, 0, 700])
    await new Promise((resolve) => setImmediate(resolve))
    expect([turn(5_000), turn(5_100)]).toEqual([0, 100])
  })
})

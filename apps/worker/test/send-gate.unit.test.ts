import { describe, expect, it } from '@jest/globals'
import { createBusyMeter } from '../src/delivery/create-busy-meter.ts'
import { createSendGate } from '../src/delivery/create-send-gate.ts'

describe('the send gate', () => {
  const open = () => {
    const state = { rows: 0, oldestAgeMs: 0, busy: false, holds: true }
    const gate = createSendGate({
      leaseHolds: () => state.holds,
      unrecorded: () => state,
      isBusy: () => state.busy,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    })
    return { state, gate }
  }

  it('closes for bulk while others may still pass', () => {
    const { state, gate } = open()
    state.rows = 400
    expect([gate.isOpen(), gate.isOpen(true)]).toEqual([true, false])
    state.rows = 501
    expect([gate.isOpen(), gate.isOpen(true)]).toEqual([false, false])
    Object.assign(state, { rows: 0, busy: true })
    expect([gate.isOpen(), gate.isOpen(true)]).toEqual([true, false])
  })

  it('lets others pass at once while bulk waits', async () => {
    const { state, gate } = open()
    state.busy = true
    let passed = false
    const bulk = gate.pass(true).then((allowed) => (passed = allowed))
    expect(await gate.pass()).toBe(true)
    expect(passed).toBe(false)
    state.busy = false
    expect(await bulk).toBe(true)
  })

  it('turns everybody away once the process stops', async () => {
    const { state, gate } = open()
    state.holds = false
    const waiting = [gate.pass(true), gate.pass()]
    gate.stop()
    expect(await Promise.all(waiting)).toEqual([false, false])
  })
})

describe('the busy meter', () => {
  const open = () => {
    const state = { now: 0, utilization: 0.9 }
    const meter = createBusyMeter({ monotonic: () => state.now, utilization: () => state.utilization })
    return { state, meter }
  }

  it('asks nobody to hold back where only bulk is sent', () => {
    expect(open().meter.isBusy()).toBe(false)
  })

  it('says while others send that there is no time left, and a little later that there is', () => {
    const { state, meter } = open()
    meter.othersSend()
    expect(meter.isBusy()).toBe(true)
    state.utilization = 0.3
    expect(meter.isBusy()).toBe(true)
    state.now += 10
    expect(meter.isBusy()).toBe(false)
  })

  it('forgets the others after seconds', () => {
    const { state, meter } = open()
    meter.othersSend()
    state.now += 10_000
    expect(meter.isBusy()).toBe(false)
  })
})

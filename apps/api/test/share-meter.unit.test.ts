import { describe, expect, it } from '@jest/globals'
import { asIntegrationId } from '@waybill/domain'
import { createShareMeter } from '../src/triggers/create-share-meter.ts'

const [flooder, second, quiet] = [asIntegrationId(1), asIntegrationId(2), asIntegrationId(3)]

describe('the share meter', () => {
  /** Every integration sends its number of single triggers a second, for so many seconds. */
  const after = (seconds: number, rates: ReadonlyMap<typeof flooder, number>) => {
    const clock = { now: 0 }
    const meter = createShareMeter(() => clock.now)
    for (let ms = 0; ms < seconds * 1_000; ms += 10) {
      clock.now = ms
      for (const [integration, rate] of rates)
        if (Math.floor((ms * rate) / 1_000) < Math.floor(((ms + 10) * rate) / 1_000))
          meter.count(integration, Math.max(1, rate / 100))
    }
    return { clock, meter }
  }

  it('finds who floods beside another, and not the other', () => {
    const { meter } = after(
      5,
      new Map([
        [flooder, 2_000],
        [quiet, 50],
      ]),
    )
    expect([meter.isOver(flooder), meter.isOver(quiet)]).toEqual([true, false])
  })

  it('finds two that flood beside a third', () => {
    const { meter } = after(
      5,
      new Map([
        [flooder, 2_000],
        [second, 1_500],
        [quiet, 10],
      ]),
    )
    expect([flooder, second, quiet].map(meter.isOver)).toEqual([true, true, false])
  })

  it('lets somebody who sends alone have everything', () => {
    const { meter } = after(5, new Map([[flooder, 2_000]]))
    expect(meter.isOver(flooder)).toBe(false)
  })

  it('leaves those alone who send little, however much less the others send', () => {
    const { meter } = after(
      5,
      new Map([
        [flooder, 60],
        [quiet, 1],
      ]),
    )
    expect(meter.isOver(flooder)).toBe(false)
  })

  it('forgets a flood within seconds, and a sender within a minute', () => {
    const { clock, meter } = after(
      5,
      new Map([
        [flooder, 2_000],
        [quiet, 50],
      ]),
    )
    clock.now += 10_000
    meter.count(flooder, 1)
    expect(meter.isOver(flooder)).toBe(false)
    clock.now += 55_000
    meter.count(flooder, 5_000)
    expect(meter.isOver(flooder)).toBe(false)
    expect(meter.senders()).toBe(1)
  })
})

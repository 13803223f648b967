import { describe, expect, it } from '@jest/globals'
import {
  canMove,
  deliveryStatuses,
  giveUpReasons,
  nextStatus,
  printStates,
  statusByCode,
  statusCode,
} from '@waybill/domain'

describe('delivery states', () => {
  it('let anything be redelivered', () => {
    for (const status of deliveryStatuses) expect(nextStatus('redeliver', status)).toBe('pending')
  })

  it('let a person ignore what failed or was not sent, and ignore it again', () => {
    expect(nextStatus('ignore', 'failed')).toBe('ignored_failed')
    expect(nextStatus('ignore', 'skipped')).toBe('ignored_skipped')
    expect(nextStatus('ignore', 'duplicated')).toBe('ignored_duplicated')
    expect(nextStatus('ignore', 'ignored_failed')).toBe('ignored_failed')
  })

  it('refuse to ignore what waits or has arrived', () => {
    expect(canMove('ignore', 'pending')).toBe(false)
    expect(canMove('ignore', 'delivered')).toBe(false)
  })

  it('turn a failed delivery into a delivered one when a retry works', () => {
    expect(nextStatus('attempt_failed', 'pending')).toBe('failed')
    expect(nextStatus('attempt_failed', 'failed')).toBe('failed')
    expect(nextStatus('attempt_succeeded', 'failed')).toBe('delivered')
  })

  it('believe a late success of an ignored delivery, but not a late failure', () => {
    expect(nextStatus('attempt_succeeded', 'ignored_failed')).toBe('delivered')
    expect(nextStatus('attempt_failed', 'ignored_failed')).toBe('ignored_failed')
  })

  it('have no attempts where nothing is sent', () => {
    for (const status of ['delivered', 'skipped', 'duplicated'] as const) {
      expect(canMove('attempt_succeeded', status)).toBe(false)
      expect(canMove('attempt_failed', status)).toBe(false)
    }
  })

  it('keep the codes that rows already carry', () => {
    expect(deliveryStatuses.map(statusCode)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(statusCode('pending')).toBe(1)
    expect(statusCode('ignored_duplicated')).toBe(8)
    for (const status of deliveryStatuses) expect(statusByCode(statusCode(status))).toBe(status)
    expect(statusByCode(0)).toBeUndefined()
  })
})

describe('the printed page', () => {
  const page = printStates()

  it('names every status and every reason', () => {
    for (const word of [...deliveryStatuses, ...giveUpReasons]) expect(page).toContain(`\`${word}\``)
  })

  it('shows each move in its row', () => {
    const row = page.split('\n').filter((line) => line.startsWith('| `skipped`'))[1]
    expect(row?.split('|').map((cell) => cell.trim())).toEqual([
      '',
      '`skipped`',
      '–',
      '–',
      '`pending`',
      '`ignored_skipped`',
      '',
    ])
  })
})

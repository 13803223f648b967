import type { Temper } from './demo-subscribers.ts'

export type ReceiverAnswer = { status: number; delayMs: number }

const failingDeliveries = 3
const failuresEach = 2
const slowMs = 1_500

/**
 * What the receiver answers to the `attempt`-th request (from 1) of the `delivery`-th delivery (from 1) to a
 * subscription: the flaky one fails twice for its first three deliveries and is well from then on.
 */
export function chooseAnswer(temper: Temper, delivery: number, attempt: number): ReceiverAnswer {
  switch (temper) {
    case 'steady':
      return { status: 200, delayMs: 0 }
    case 'slow':
      return { status: 200, delayMs: slowMs }
    case 'fails-at-first': {
      const fails = delivery <= failingDeliveries && attempt <= failuresEach
      return { status: fails ? 500 : 200, delayMs: 0 }
    }
    default:
      return temper satisfies never
  }
}

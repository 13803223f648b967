import type { Arrival } from './arrival-log.ts'

const red = (text: string) => `\u001b[31m${text}\u001b[39m`
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`

/** One request as one line: time, subscriber, event, order, attempt, signature, our answer. */
export function describeArrival(arrival: Arrival, colours: boolean): string {
  const time = new Date(arrival.at).toISOString().slice(11, 23)
  const { subscriber, event, about, attempt, signed, answer, delayMs } = arrival
  const columns = [
    colours ? dim(time) : time,
    subscriber.padEnd(8),
    event.padEnd(36),
    about.padEnd(10),
    `attempt ${attempt}`,
    signed ? 'signature ok ' : 'signature BAD',
    `answered ${answer}${delayMs > 0 ? ` after ${delayMs / 1_000} s` : ''}`,
  ]
  const line = columns.join('  ')
  return colours && answer >= 300 ? red(line) : line
}

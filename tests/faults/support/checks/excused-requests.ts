import type { ReceivedLine } from '../receiver-types.ts'
import { isGood, type Death, type Ledgers } from './read-ledgers.ts'

/** Requests that were answered and have no attempt, counted by webhook-id; `good`: those answered 2xx. */
export type Untold = { all: Map<string, number>; good: Map<string, number> }

/** How long before its worker's death a request may have come for its outcome not to be recorded, ms. */
export const usualInFlightMs = 3_000
/** What the dead had written to its sockets is read a moment later, ms. */
const readLateMs = 1_500

/**
 * What was in flight when workers died: requests whose outcome nobody recorded and that came shortly before such a death.
 * Each may come once more. Where nobody died there are none, and a request that nobody recorded is excused by nothing
 * else.
 */
export function excusedRequests(ledgers: Ledgers, inFlightMs = usualInFlightMs): Untold {
  const deaths = ledgers.deaths.filter(({ app }) => app === 'worker')
  const inFlight = (line: ReceivedLine) => deaths.some((death) => wasInFlight(line, death, inFlightMs))
  return count(ledgers, (lines, surplus) => Math.min(surplus, lines.filter(inFlight).length))
}

/** All requests that nobody recorded. */
export const untoldRequests = (ledgers: Pick<Ledgers, 'attempts' | 'received'>): Untold =>
  count(ledgers, (_, surplus) => surplus)

const wasInFlight = ({ at }: ReceivedLine, { atMs }: Death, inFlightMs: number): boolean =>
  at >= atMs - inFlightMs && at <= atMs + readLateMs

function count(
  { attempts, received }: Pick<Ledgers, 'attempts' | 'received'>,
  counted: (lines: readonly ReceivedLine[], surplus: number) => number,
): Untold {
  const told = new Map<string, number>()
  for (const { uuid, code } of attempts)
    if (code !== null) told.set(`${uuid} ${code}`, (told.get(`${uuid} ${code}`) ?? 0) + 1)
  const lines = new Map<string, ReceivedLine[]>()
  for (const line of received) {
    if (line.status === 0) continue
    const key = `${line.id} ${line.status}`
    const group = lines.get(key)
    if (group) group.push(line)
    else lines.set(key, [line])
  }
  const untold: Untold = { all: new Map(), good: new Map() }
  for (const [key, group] of lines) {
    const surplus = group.length - (told.get(key) ?? 0)
    const [first] = group
    const n = surplus > 0 ? counted(group, surplus) : 0
    if (n === 0 || !first) continue
    const { id, status } = first
    untold.all.set(id, (untold.all.get(id) ?? 0) + n)
    if (isGood(status)) untold.good.set(id, (untold.good.get(id) ?? 0) + n)
  }
  return untold
}

/** How many there are. */
export const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, n) => sum + n, 0)

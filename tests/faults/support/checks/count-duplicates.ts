import { goodArrivals, type Ledgers } from './read-ledgers.ts'

/** Arrivals answered 2xx beyond the first, of each webhook-id that has any. */
export const duplicatesById = ({ received }: Pick<Ledgers, 'received'>): Map<string, number> =>
  new Map([...goodArrivals(received)].filter(([, n]) => n > 1).map(([id, n]) => [id, n - 1]))

/** All of them. */
export const countDuplicates = (ledgers: Pick<Ledgers, 'received'>): number =>
  [...duplicatesById(ledgers).values()].reduce((sum, n) => sum + n, 0)

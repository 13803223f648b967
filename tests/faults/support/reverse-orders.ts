import postgres from 'postgres'

/**
 * Holds the rows of one table and then wants those of another, in the order opposite to Waybill's: whoever goes the right
 * way meets it halfway.
 */
type Reversal = {
  holds: (sql: postgres.TransactionSql) => Promise<number[]>
  wants: Want
  /** Between two times, instead of the usual. */
  pauseSeconds?: number
}
type Want = (sql: postgres.TransactionSql, held: number[]) => Promise<unknown>

const ids = (rows: readonly { id: string | number }[]): number[] => rows.map(({ id }) => Number(id))

/** Waybill's order is retention → deliveries → due → lanes, and config → subscriptions. */
const reversals: Reversal[] = [
  {
    // Outcomes of lanes: deliveries, then due.
    holds: async (sql) =>
      ids(
        await sql`SELECT delivery AS id FROM due WHERE run IS NOT NULL ORDER BY delivery DESC LIMIT 40 FOR UPDATE`,
      ),
    wants: (sql, held) =>
      sql`SELECT FROM deliveries WHERE id = ANY(${held}::bigint[]) ORDER BY id DESC FOR UPDATE`,
  },
  {
    // First outcomes: lanes in the order of their subscriptions.
    holds: async (sql) =>
      ids(
        await sql`SELECT subscription AS id FROM lanes WHERE subscription > (SELECT min(subscription) FROM lanes)
        ORDER BY subscription DESC FOR UPDATE`,
      ),
    wants: (sql) => sql`SELECT FROM lanes ORDER BY subscription LIMIT 1 FOR UPDATE`,
  },
  {
    // Redeliveries: deliveries, then due, then lanes.
    holds: async (sql) =>
      ids(await sql`SELECT subscription AS id FROM lanes ORDER BY subscription DESC FOR UPDATE`),
    wants: (sql, held) =>
      sql`SELECT FROM deliveries WHERE status = 3 AND subscription = ANY(${held}::int[])
        ORDER BY id DESC LIMIT 40 FOR UPDATE`,
  },
  {
    // Redeliveries and what removes history: retention, then deliveries.
    holds: async (sql) =>
      ids(await sql`SELECT id FROM deliveries WHERE status = 3 ORDER BY id DESC LIMIT 40 FOR UPDATE`),
    wants: (sql) => sql`SELECT FROM retention FOR UPDATE`,
  },
  {
    // The sweep settles what is due of deleted subscriptions, soon and all at once: deliveries, then due.
    pauseSeconds: 0.05,
    holds: async (sql) =>
      ids(
        await sql`SELECT delivery AS id FROM due u JOIN subscriptions s ON s.id = u.subscription
        WHERE s.deleted_at IS NOT NULL ORDER BY delivery DESC LIMIT 40 FOR UPDATE OF u`,
      ),
    wants: (sql, held) =>
      sql`SELECT FROM deliveries WHERE id = ANY(${held}::bigint[]) ORDER BY id DESC FOR UPDATE`,
  },
  {
    // Changes and deletions of subscriptions: config, then the subscription.
    holds: async (sql) => ids(await sql`SELECT id FROM subscriptions ORDER BY id DESC FOR UPDATE`),
    wants: (sql) => sql`SELECT FROM config FOR UPDATE`,
  },
]

/** How long the first rows are held before the others are wanted: less than the server waits to look for a deadlock. */
const holdsSeconds = 0.08
/** Longer than it holds, so that who does its work again can get it done. */
const usualPauseSeconds = 0.2

/**
 * Locks in reversed orders until `until`, each order in a session of its own. These wait long before they look for a
 * deadlock themselves, so that it is Waybill whose statement the server ends. Returns how often the others ended.
 */
export async function reverseOrders(url: string, until: () => boolean): Promise<number> {
  const counts = await Promise.all(reversals.map((reversal) => reverse(url, reversal, until)))
  return counts.reduce((sum, n) => sum + n, 0)
}

async function reverse(url: string, reversal: Reversal, until: () => boolean): Promise<number> {
  const { holds, wants, pauseSeconds = usualPauseSeconds } = reversal
  const sql = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'waybill-adversary', deadlock_timeout: 3_000 },
  })
  let ended = 0
  while (!until()) {
    let met = false
    await sql
      .begin(async (tx) => {
        const held = await holds(tx)
        if (held.length === 0) return
        met = true
        await tx`SELECT pg_sleep(${holdsSeconds})`
        await wants(tx, held)
      })
      .catch(() => (ended += 1))
    // What is rare is waited for.
    await sql`SELECT pg_sleep(${met ? pauseSeconds : 0.02})`
  }
  await sql.end({ timeout: 2 })
  return ended
}

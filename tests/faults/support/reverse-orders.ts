import postgres from 'postgres'

/**
 * Holds the rows of one table and then wants those of another, in the order opposite to Waybill's: whoever goes the right
 * way meets it halfway.
 */
type Reversal = { holds: (sql: postgres.TransactionSql) => Promise<number[]>; wants: Want }
type Want = (sql: postgres.TransactionSql, held: number[]) => Promise<unknown>

const ids = (rows: readonly { id: string | number }[]): number[] => rows.map(({ id }) => Number(id))

/**
 * By what loses to them, named as in read-deadlocks.ts. Waybill's order is retention → deliveries → due → lanes, lanes by their
 * subscriptions, and config → subscriptions.
 */
export const reversals = {
  'outcomes of lanes': [
    {
      holds: async (sql) =>
        ids(
          await sql`SELECT delivery AS id FROM due WHERE run IS NOT NULL ORDER BY delivery DESC LIMIT 40 FOR UPDATE`,
        ),
      wants: (sql, held) =>
        sql`SELECT FROM deliveries WHERE id = ANY(${held}::bigint[]) ORDER BY id DESC FOR UPDATE`,
    },
  ],
  'first outcomes': [
    {
      holds: async (sql) =>
        ids(
          await sql`SELECT subscription AS id FROM lanes WHERE subscription > (SELECT min(subscription) FROM lanes)
        ORDER BY subscription DESC FOR UPDATE`,
        ),
      wants: (sql) => sql`SELECT FROM lanes ORDER BY subscription LIMIT 1 FOR UPDATE`,
    },
  ],
  redelivery: [
    {
      holds: async (sql) =>
        ids(await sql`SELECT subscription AS id FROM lanes ORDER BY subscription DESC FOR UPDATE`),
      wants: (sql, held) =>
        sql`SELECT FROM deliveries WHERE status = 3 AND subscription = ANY(${held}::int[])
        ORDER BY id DESC LIMIT 40 FOR UPDATE`,
    },
    {
      holds: async (sql) =>
        ids(await sql`SELECT id FROM deliveries WHERE status = 3 ORDER BY id DESC LIMIT 40 FOR UPDATE`),
      wants: (sql) => sql`SELECT FROM retention FOR UPDATE`,
    },
  ],
  // The sweep settles what is due of deleted subscriptions.
  'given up': [
    {
      holds: async (sql) =>
        ids(
          await sql`SELECT delivery AS id FROM due u JOIN subscriptions s ON s.id = u.subscription
        WHERE s.deleted_at IS NOT NULL ORDER BY delivery DESC LIMIT 40 FOR UPDATE OF u`,
        ),
      wants: (sql, held) =>
        sql`SELECT FROM deliveries WHERE id = ANY(${held}::bigint[]) ORDER BY id DESC FOR UPDATE`,
    },
  ],
  'change of a subscription': [
    {
      holds: async (sql) => ids(await sql`SELECT id FROM subscriptions ORDER BY id DESC FOR UPDATE`),
      wants: (sql) => sql`SELECT FROM config FOR UPDATE`,
    },
  ],
} satisfies Record<string, Reversal[]>

/** How long the first rows are held before the others are wanted: less than the server waits to look for a deadlock. */
const holdsSeconds = 0.08
/** Long beside it, so that who does its work again gets it done, though two of these work against it. */
const pauseSeconds = 0.4

/**
 * Locks in those orders until `until`, each in a session of its own. These wait long before they look for a deadlock
 * themselves, so that it is Waybill whose statement the server ends. Returns how often the others ended.
 */
export async function reverseOrders(
  url: string,
  against: keyof typeof reversals,
  until: () => boolean,
): Promise<number> {
  const counts = await Promise.all(reversals[against].map((reversal) => reverse(url, reversal, until)))
  return counts.reduce((sum, n) => sum + n, 0)
}

async function reverse(url: string, { holds, wants }: Reversal, until: () => boolean): Promise<number> {
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
    await sql`SELECT pg_sleep(${met ? pauseSeconds * (0.5 + Math.random()) : 0.02})`
  }
  await sql.end({ timeout: 2 })
  return ended
}

import { profileCode, statusCode, type DeliveryId, type TriggerId } from '@waybill/domain'
import type { Database } from '@waybill/db'

/** One attempt as a worker records it; `err` null: a success. */
export type SeedAttempt = { code: number | null; err: string | null; body?: string }

export type SeedLog = {
  integration: number
  subscription: number
  facility?: string | null
  eventId?: number
  /** Without any, nothing was dispatched yet. */
  attempts?: SeedAttempt[]
  status?: 'pending' | 'delivered' | 'failed' | 'skipped' | 'duplicated'
  /** How old it is, in hours; ids are those of its day. */
  hoursAgo?: number
  /** JSON text of the posted trigger's data. */
  data?: string
}

const ok: SeedAttempt = { code: 200, err: null, body: 'ok' }
let sequence = 0

/** A trigger, its delivery and its attempts, as api and worker would have left them. */
export async function seedLog(database: Database, seed: SeedLog): Promise<DeliveryId> {
  const { sql } = database
  const { attempts = [ok], hoursAgo = 0, facility = 'NUR-000042', eventId = 202 } = seed
  const succeeded = attempts.at(-1)?.err === null
  const status = seed.status ?? (attempts.length === 0 ? 'pending' : succeeded ? 'delivered' : 'failed')
  const data =
    seed.data ?? JSON.stringify({ shiftId: '880012', facilityId: facility, reason: 'Talent not needed' })
  const [at] = await sql<{ day: number; age: Date }[]>`
    SELECT (t AT TIME ZONE 'UTC')::date - date '2020-01-01' AS day, t AS age
    FROM (SELECT now() - ${hoursAgo}::float8 * interval '1 hour' AS t) x`
  if (!at) throw new Error('the database has no clock')
  await ensurePartitions(database, at.day)
  sequence += 2
  // Above what the database's own sequence reaches in a test.
  const trigger = (at.day * 100_000_000_000 + 50_000_000_000 + sequence) as TriggerId
  const delivery = (trigger + 1) as DeliveryId
  await sql`
    INSERT INTO triggers (id, integration, event_id, facility_id, duplicate, created_at, data)
    VALUES (${trigger}::bigint, ${seed.integration}::int, ${eventId}::smallint, ${facility}::text, false, ${at.age}::timestamptz,
      ${`{"kind":"facility_event","data":${data}}`}::text)`
  await sql`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation, attempts,
      last_code, created_at, last_sent_at)
    SELECT ${delivery}::bigint, ${trigger}::bigint, ${seed.integration}::int, s.id, s.revision, ${profileCode('nursa')}::smallint,
      ${statusCode(status)}::smallint, ${eventId}::smallint, 1, ${attempts.length}::smallint,
      ${attempts.at(-1)?.code ?? null}::smallint, ${at.age}::timestamptz, ${at.age}::timestamptz
    FROM subscriptions s WHERE s.id = ${seed.subscription}::int`
  for (const [i, { code, err, body }] of attempts.entries())
    await sql`
      INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, err, response_body)
      SELECT ${delivery}::bigint, ${i + 1}::smallint, 1, s.revision, ${at.age}::timestamptz, 12, ${code}::smallint, ${err}::text,
        ${body === undefined ? null : Buffer.from(body)}
      FROM subscriptions s WHERE s.id = ${seed.subscription}::int`
  return delivery
}

/** Days before the database was made have no partitions of their own. */
async function ensurePartitions({ sql }: Database, day: number): Promise<void> {
  const first = day - (day % 2)
  for (const parent of ['triggers', 'deliveries', 'attempts']) {
    const name = `${parent}_${first}_${first + 2}`
    const [known] = await sql<{ found: string | null }[]>`SELECT to_regclass(${name})::text AS found`
    if (known?.found) continue
    const bounds = `FOR VALUES FROM (${first}00000000000) TO (${first + 2}00000000000)`
    await sql.unsafe(`CREATE TABLE ${name} PARTITION OF ${parent} ${bounds}`)
  }
}

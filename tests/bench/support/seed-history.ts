import { checkMasterKey, createSubscription, createToken, deriveMasterKeys, openDatabase } from '@waybill/db'
import { putIntegration, type Database } from '@waybill/db'
import { profileCode, profiles, type ProfileName, type SubscriptionId } from '@waybill/domain'
import { benchIntegration } from './seed-stack.ts'

export type SeededHistory = {
  token: string
  tokenId: number
  subscriptions: Readonly<Record<ProfileName, readonly SubscriptionId[]>>
}

const days = 14
const perStatement = 100_000
const profilesSeeded = ['planomatic-v2', 'planomatic-v3', 'nursa', 'planning-center'] as const
const subscriptionsOfEach = 5

/**
 * Fills an empty database with `n` deliveries of each dialect over 14 days, one trigger and one attempt each: as many
 * orders as deliveries, 300 streets, 200 facilities, one delivery in 20 failed with 500 or 503.
 */
export async function seedHistory(databaseUrl: string, masterKey: Buffer, n: number): Promise<SeededHistory> {
  const database = openDatabase({
    url: databaseUrl,
    applicationName: 'waybill-bench-seed',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 600_000,
  })
  try {
    const keys = deriveMasterKeys(masterKey)
    await checkMasterKey(database.sql, keys)
    await putIntegration(database.orm, benchIntegration, 'Bench')
    const { id: tokenId, token } = await createToken(database.orm, 'bench', [benchIntegration])
    const subscriptions = await subscribe(database, keys)
    await makePartitions(database)
    for (const [series, profile] of profilesSeeded.entries()) {
      // Both versions of the PlanOmatic API share one index call.
      const rows = profile.startsWith('planomatic') ? Math.ceil(n / 2) : n
      await fill(database, { series, profile, rows, first: subscriptions[profile][0] ?? 0 })
    }
    // The server may be at it by itself, and must be waited for.
    await database.sql`SET lock_timeout = 0`
    await database.sql`VACUUM (ANALYZE) triggers, deliveries, attempts`
    return { token, tokenId, subscriptions }
  } finally {
    await database.close()
  }
}

async function subscribe({ orm }: Database, keys: Parameters<typeof createSubscription>[1]) {
  const made: Record<ProfileName, SubscriptionId[]> = {
    'planomatic-v2': [],
    'planomatic-v3': [],
    nursa: [],
    'planning-center': [],
    standard: [],
  }
  for (const profile of profilesSeeded)
    for (let i = 0; i < subscriptionsOfEach; i += 1) {
      const key = `${profile}-${i}`
      const one = await createSubscription(orm, keys, 'bench', {
        integration: benchIntegration,
        key,
        name: `Yard ${key}`,
        url: `https://hooks.example.test/${key}`,
        view: null,
        profile: profileCode(profile),
        state: 'active',
        filters: {},
        successCode: null,
        horizonSeconds: profiles[profile].defaultHorizonMs / 1_000,
        timeoutMs: 15_000,
        inFlightLimit: 20,
        notify: false,
        notificationEmails: null,
        secrets: [Buffer.alloc(32, 7)],
      })
      if (one === 'key_taken') throw new Error('the database is not new')
      made[profile].push(one.id)
    }
  return made
}

/** Those of the days before today, as an installation that is two weeks old has them. */
async function makePartitions({ sql }: Database): Promise<void> {
  await sql.unsafe(`DO $$
    DECLARE
      oldest int := (SELECT min(split_part(c.relname, '_', 2)::int) FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'deliveries'::regclass);
      width int := (SELECT partition_days FROM retention);
      parent text;
      low int;
    BEGIN
      FOREACH parent IN ARRAY ARRAY['triggers', 'deliveries', 'attempts'] LOOP
        FOR i IN 1..ceil(${days + 1}::numeric / width) LOOP
          low := oldest - i * width;
          EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
            format('%s_%s_%s', parent, low, low + width), parent,
            low::bigint * 100000000000, (low + width)::bigint * 100000000000);
        END LOOP;
      END LOOP;
    END $$`)
}

type Series = { series: number; profile: (typeof profilesSeeded)[number]; rows: number; first: number }

const eventIds: Readonly<Record<(typeof profilesSeeded)[number], readonly [low: number, count: number]>> = {
  'planomatic-v2': [1, 20],
  'planomatic-v3': [101, 12],
  nursa: [201, 10],
  'planning-center': [101, 12],
}

async function fill({ sql }: Database, { series, profile, rows, first }: Series): Promise<void> {
  const [lowEvent, events] = eventIds[profile]
  const code = profileCode(profile)
  const name = profile
  for (let from = 0; from < rows; from += perStatement) {
    const to = Math.min(rows, from + perStatement)
    await sql.unsafe(`
      WITH made AS MATERIALIZED (
        SELECT i, ((now() AT TIME ZONE 'UTC')::date - date '2020-01-01' - ${days} + at.day)::bigint * 100000000000
            + ${series * 20_000_000} + i AS id,
          (now() AT TIME ZONE 'UTC')::date - ${days} + at.day + (i % 86400) * interval '1 second' AS created_at,
          (${lowEvent} + (i::bigint * 7919) % ${events})::smallint AS event_id,
          CASE WHEN i % 20 = 0 THEN CASE WHEN i % 40 = 0 THEN 500 ELSE 503 END ELSE 200 END AS code
        FROM generate_series(${from}, ${to - 1}) AS i, LATERAL (SELECT (i::bigint * ${days} / ${rows})::int AS day) AS at
      ),
      told AS (
        INSERT INTO triggers (id, integration, event_id, order_id, facility_id, search, order_status, duplicate, created_at, data)
        SELECT id, ${benchIntegration}, event_id, (${series * 20_000_000} + 40000 + i)::text,
          CASE WHEN event_id > 200 THEN 'NUR-' || lpad((i % 200)::text, 6, '0') END,
          CASE WHEN event_id < 200 THEN (i % 9999) || ' ' || substr(md5((i % 300)::text), 1, 9) || ' rd, boulder, co' || chr(31) || (${series * 20_000_000} + 40000 + i) END,
          CASE WHEN event_id BETWEEN 101 AND 199 THEN 16 END, false, created_at,
          json_build_object('integration_id', ${benchIntegration}, 'order_id', i, 'person', 'p-' || i % 50,
            CASE WHEN event_id > 200 THEN 'data' ELSE 'order' END,
            json_build_object('facilityId', 'NUR-' || lpad((i % 200)::text, 6, '0'), 'note', repeat('x', 300)))::text
        FROM made
      ),
      tried AS (
        INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, body_hash, response_headers, response_body)
        SELECT id, 1, 1, 1, created_at + interval '1 second', 20, code, sha256('x'), '{}', 'ok' FROM made
      )
      INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, order_status,
        generation, attempts, last_code, err, created_at, last_sent_at)
      SELECT id, id, ${benchIntegration}, ${first} + i % ${subscriptionsOfEach}, 1, ${code},
        CASE WHEN code = 200 THEN 2 ELSE 3 END, event_id,
        CASE WHEN event_id BETWEEN 101 AND 199 THEN 16 WHEN event_id < 100 THEN event_id END, 1, 1, code,
        CASE WHEN code <> 200 THEN 'exhausted' END, created_at, created_at + interval '1 second'
      FROM made`)
    if ((from / perStatement) % 5 === 0) console.log(`bench: ${name}: ${to} of ${rows} deliveries are there`)
  }
}

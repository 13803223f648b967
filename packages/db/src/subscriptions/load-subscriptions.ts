import type { IntegrationId, SubscriptionId } from '@waybill/domain'
import { openSecret, type MasterKeys } from '../master-key.ts'
import type { SqlOrTransaction } from '../open-database.ts'
import type { SubscriptionFilters, SubscriptionState } from '../schema/index.ts'
import { findStateName } from './subscription-record.ts'

/** What a worker needs to match and send. Secrets are in clear and stay in memory. */
export type LoadedSubscription = {
  id: SubscriptionId
  integration: IntegrationId
  profile: number
  /** Undefined: one that only newer versions of this program know. */
  state: SubscriptionState | undefined
  deleted: boolean
  revision: number
  url: string
  view: string | null
  filters: SubscriptionFilters
  successCode: string | null
  horizonMs: number
  timeoutMs: number
  inFlightLimit: number
  createdAtMs: number
  /** Set while it is paused. */
  pausedAtMs: number | null
  /** All pauses before that, in ms. */
  pausedMs: number
  /** Undefined: sealed with another key or damaged. Nothing may be sent unsigned. */
  secrets: Buffer[] | undefined
}

type Row = Omit<LoadedSubscription, 'state' | 'secrets'> & { state: number; sealed: string | null }

/** For how long a deleted subscription is still loaded: plans and due rows may name it. */
export const deletedKeptDays = 14

/**
 * The subscriptions that changed after `sinceVersion` (0: all) and the version this reading is good for. Those
 * deleted lately are included.
 */
export async function loadSubscriptions(
  sql: SqlOrTransaction,
  keys: MasterKeys,
  sinceVersion: number,
): Promise<{ version: number; changed: LoadedSubscription[] }> {
  const [config] = await sql<{ version: number }[]>`SELECT version FROM config`
  const rows = await sql<Row[]>`
    SELECT s.id, s.integration, s.profile, s.state, s.deleted_at IS NOT NULL AS deleted, s.revision, r.url, r.view,
      s.filters, s.success_code AS "successCode", s.horizon_seconds::float8 * 1000 AS "horizonMs",
      s.timeout_ms AS "timeoutMs", s.in_flight_limit AS "inFlightLimit",
      extract(epoch FROM s.created_at)::float8 * 1000 AS "createdAtMs",
      extract(epoch FROM s.paused_at)::float8 * 1000 AS "pausedAtMs", s.paused_ms AS "pausedMs",
      (SELECT string_agg(encode(k.ciphertext, 'hex'), ',' ORDER BY k.id DESC) FROM secrets k
        WHERE k.subscription = s.id AND (k.expires_at IS NULL OR k.expires_at > now())) AS sealed
    FROM subscriptions s JOIN revisions r ON r.subscription = s.id AND r.revision = s.revision
    WHERE s.changed_version > ${sinceVersion}::bigint
      AND (s.deleted_at IS NULL OR s.deleted_at > now() - ${deletedKeptDays}::int * interval '1 day')`
  const changed = rows.map(({ sealed, state, ...row }) => ({
    ...row,
    state: findStateName(state),
    secrets: openAll(keys, row.id, sealed?.split(',') ?? []),
  }))
  return { version: config?.version ?? 0, changed }
}

/** One subscription's broken secret must not keep all others from being loaded. */
function openAll(
  keys: MasterKeys,
  subscription: SubscriptionId,
  sealed: readonly string[],
): Buffer[] | undefined {
  try {
    return sealed.map((ciphertext) => openSecret(keys, subscription, Buffer.from(ciphertext, 'hex')))
  } catch {
    return undefined
  }
}

/** The view an older revision named; undefined when there is no such revision. */
export async function findRevisionView(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  revision: number,
): Promise<{ view: string | null } | undefined> {
  const [row] = await sql<{ view: string | null }[]>`
    SELECT view FROM revisions WHERE subscription = ${subscription}::int AND revision = ${revision}::int`
  return row
}

import { and, eq, isNull, sql } from 'drizzle-orm'
import type { IntegrationId, SubscriptionId } from '@waybill/domain'
import { raiseConfigVersion } from '../config-version.ts'
import type { MasterKeys } from '../master-key.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm, OrmOrTransaction } from '../open-database.ts'
import { forgetLaneHealth } from '../lanes/keep-lane-health.ts'
import { pgErrorCode } from '../pg-error.ts'
import {
  auditLog,
  revisions,
  subscriptions,
  subscriptionState,
  type SubscriptionState,
} from '../schema/index.ts'
import type { NewSubscription } from './create-subscription.ts'
import { findSubscription, type SubscriptionRecord } from './subscription-record.ts'
import { replaceSecrets } from './subscription-secrets.ts'

/** What may change; absent members stay. */
export type SubscriptionChange = Partial<Omit<NewSubscription, 'integration' | 'secrets'>> & {
  /** Signing secrets in clear that take the place of all it has, at most a few. */
  secrets?: { keys: MasterKeys; clear: readonly Buffer[] }
}

/**
 * Works out a change from the subscription as it is while nobody else can change it, or refuses one: its own word for why
 * is then what {@link updateSubscription} gives. It runs within the transaction, perhaps more than once, so it must be quick
 * and must not wait.
 */
export type DecideChange<Refusal extends string> = (
  before: SubscriptionRecord,
) => SubscriptionChange | Refusal

/** Any function would pass for a change, since it has a name. */
type PlainChange = SubscriptionChange & { call?: never }

/**
 * Changes a living subscription of the integration in one transaction. Name, URL and view make a new revision. A change
 * that depends on what there is must be a function: what was read before may be out of date. One that is empty leaves
 * everything as it is, and so does a refused one. Undefined: there is none; 'key_taken': another one has the key.
 */
export async function updateSubscription<Refusal extends string = never>(
  orm: Orm,
  actor: string,
  integration: IntegrationId,
  id: SubscriptionId,
  change: PlainChange | DecideChange<Refusal>,
): Promise<SubscriptionRecord | Refusal | 'key_taken' | undefined> {
  try {
    return await inTransaction(orm, async (tx) => {
      // Its lock holds until the end: what is read now stays true.
      const changedVersion = await raiseConfigVersion(tx)
      const before = await findSubscription(tx, integration, id)
      if (!before) return undefined
      const wanted = typeof change === 'function' ? change(before) : change
      if (typeof wanted === 'string') return wanted
      if (Object.keys(wanted).length === 0) return before
      const { name, url, view, state, secrets, ...columns } = wanted
      if (secrets) await replaceSecrets(tx, secrets.keys, id, secrets.clear)
      const revision = await addRevision(tx, before, { name, url, view })
      await tx
        .update(subscriptions)
        .set({
          ...columns,
          ...(state ? moveTo(before.state, state) : {}),
          revision,
          updatedAt: sql`now()`,
          changedVersion,
        })
        .where(eq(subscriptions.id, id))
      const isOther = (state ?? before.state) !== before.state || (url ?? before.url) !== before.url
      if (isOther) await forgetLaneHealth(tx, id)
      await audit(tx, actor, integration, id, 'subscription.updated', { changed: Object.keys(wanted) })
      return findSubscription(tx, integration, id)
    })
  } catch (error) {
    if (pgErrorCode(error) === '23505') return 'key_taken'
    throw error
  }
}

/** The columns of a change of state; leaving a pause adds it to the pauses so far. */
function moveTo(before: SubscriptionState, state: SubscriptionState) {
  const columns = { state: subscriptionState[state] }
  if (before === state) return columns
  if (state === 'paused') return { ...columns, pausedAt: sql`now()` }
  if (before !== 'paused') return columns
  const paused = sql`${subscriptions.pausedMs} + (extract(epoch FROM now() - ${subscriptions.pausedAt}) * 1000)::bigint`
  return { ...columns, pausedAt: null, pausedMs: paused }
}

type RevisionChange = { name: string | undefined; url: string | undefined; view: string | null | undefined }

async function addRevision(
  tx: OrmOrTransaction,
  before: SubscriptionRecord,
  change: RevisionChange,
): Promise<number> {
  const next = {
    name: change.name ?? before.name,
    url: change.url ?? before.url,
    view: change.view === undefined ? before.view : change.view,
  }
  if (next.name === before.name && next.url === before.url && next.view === before.view)
    return before.revision
  const revision = before.revision + 1
  await tx.insert(revisions).values({ subscription: before.id, revision, ...next })
  return revision
}

/**
 * Ends a subscription: nothing matches it from now on and the sweep settles what is due. False: there is none.
 */
export async function deleteSubscription(
  orm: Orm,
  actor: string,
  integration: IntegrationId,
  id: SubscriptionId,
): Promise<boolean> {
  return inTransaction(orm, async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const rows = await tx
      .update(subscriptions)
      .set({ deletedAt: sql`now()`, updatedAt: sql`now()`, changedVersion })
      .where(
        and(
          eq(subscriptions.id, id),
          eq(subscriptions.integration, integration),
          isNull(subscriptions.deletedAt),
        ),
      )
      .returning({ id: subscriptions.id })
    if (rows.length === 0) return false
    await audit(tx, actor, integration, id, 'subscription.deleted', {})
    return true
  })
}

/**
 * Makes a subscription inactive because of what its endpoint answered; a notice tells a person. False: it already
 * was, or is gone.
 */
export async function deactivateSubscription(orm: Orm, id: SubscriptionId, reason: string): Promise<boolean> {
  const isActive = and(eq(subscriptions.id, id), eq(subscriptions.state, subscriptionState.active))
  if ((await orm.select({ id: subscriptions.id }).from(subscriptions).where(isActive)).length === 0)
    return false
  return inTransaction(orm, async (tx) => {
    const changedVersion = await raiseConfigVersion(tx)
    const [row] = await tx
      .update(subscriptions)
      .set({ state: subscriptionState.inactive, updatedAt: sql`now()`, changedVersion })
      .where(and(isActive, isNull(subscriptions.deletedAt)))
      .returning({ integration: subscriptions.integration })
    if (!row) return false
    await tx.execute(sql`
      INSERT INTO notices (kind, ref, integration, details)
      VALUES ('subscription_deactivated', ${`${id}.${changedVersion}`}, ${row.integration},
        jsonb_build_object('subscription', ${id}::int, 'reason', ${reason}::text))`)
    await audit(tx, 'waybill', row.integration, id, 'subscription.deactivated', { reason })
    return true
  })
}

async function audit(
  tx: OrmOrTransaction,
  actor: string,
  integration: IntegrationId,
  id: SubscriptionId,
  action: string,
  details: Record<string, unknown>,
): Promise<void> {
  await tx.insert(auditLog).values({ actor, integration, action, target: String(id), details })
}

import { moves, statusCode, type DeliveryId, type DeliveryStatus, type IntegrationId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** The moves of `ignore` that change something, as stored codes. */
const changes = (Object.entries(moves.ignore) as [DeliveryStatus, DeliveryStatus][])
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => ({ from: statusCode(from), to: statusCode(to) }))

/**
 * A person dismisses a delivery: the ignored status of the one it has, next generation, no more retries, and an audit line.
 * The status is looked at once the row is locked, so of an attempt's outcome and this one waits for the other: a success that
 * came first is not ignored, and one that comes later still makes it delivered. Returns the stored code it now has.
 * A delivery that is being sent right now keeps its due row, of the generation before, until that send is recorded: what is
 * redelivered meanwhile must not be sent beside it. Undefined: nothing changed, since the integration has no such delivery or its status cannot be ignored or already is.
 */
export async function ignoreDelivery(
  sql: SqlOrTransaction,
  actor: string,
  integration: IntegrationId,
  delivery: DeliveryId,
): Promise<number | undefined> {
  const [row] = await sql<{ status: number }[]>`
    WITH ignored AS (
      UPDATE deliveries d SET status = m.becomes, generation = d.generation + 1
      FROM unnest(${changes.map(({ from }) => from)}::smallint[], ${changes.map(({ to }) => to)}::smallint[])
        AS m(was, becomes)
      WHERE d.id = ${delivery}::bigint AND d.integration = ${integration}::int AND d.status = m.was
      RETURNING d.id, d.integration, d.subscription, d.status
    ),
    settled AS (
      DELETE FROM due USING ignored WHERE due.delivery = ignored.id AND due.run IS NULL
    ),
    noted AS (
      INSERT INTO audit_log (actor, integration, action, target, details)
      SELECT ${actor}::text, integration, 'delivery.ignored', id::text,
        jsonb_build_object('subscription', subscription)
      FROM ignored
    )
    SELECT status FROM ignored`
  return row?.status
}

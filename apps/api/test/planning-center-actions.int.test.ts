import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { deliveryStatuses, type DeliveryStatus } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import { codeOf, expectDocument, expectErrors } from './support/planning-center.ts'
import {
  idsOf,
  startPlanningCenterEvents,
  type PlanningCenterEvents,
} from './support/planning-center-events.ts'

let pco: PlanningCenterEvents
beforeAll(async () => {
  pco = await startPlanningCenterEvents()
})
afterAll(() => pco.close())

const makeDue = (event: number) => pco.api.database.sql`
  INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
  VALUES (${event}::bigint, ${pco.subscription}::int, now() + interval '1 hour', now() + interval '1 day', 1, 1)`
const dueOf = (event: number) =>
  pco.api.database.sql`SELECT generation FROM due WHERE delivery = ${event}::bigint AND due_at <= now()`

describe('ignore', () => {
  it.each<[DeliveryStatus, DeliveryStatus]>([
    ['failed', 'ignored_failed'],
    ['skipped', 'ignored_skipped'],
    ['duplicated', 'ignored_duplicated'],
    ['ignored_failed', 'ignored_failed'],
    ['ignored_skipped', 'ignored_skipped'],
    ['ignored_duplicated', 'ignored_duplicated'],
  ])('POST ignore of an event that is %s answers 200 with %s', async (from, to) => {
    const event = await pco.seed(pco.subscription, from)
    const answer = await pco.call('post', `${pco.at}/${event}/ignore`)
    expectDocument(answer, 'one Event')
    expect(answer.body.data).toMatchObject({ id: String(event), attributes: { status: to } })
    expect(await pco.statusOf(event)).toBe(codeOf(to))
    expect(await pco.auditOf(event)).toEqual(
      from === to ? [] : [`token:${pco.application.id} delivery.ignored`],
    )
  })

  it.each<DeliveryStatus>(['pending', 'delivered'])(
    'POST ignore of an event that is %s answers 422 and changes nothing',
    async (status) => {
      const event = await pco.seed(pco.subscription, status)
      const answer = await pco.call('post', `${pco.at}/${event}/ignore`)
      expectErrors(answer, 422)
      expect(answer.body.errors[0]).toMatchObject({
        title: 'Validation Error',
        source: { parameter: 'status' },
        meta: { resource: 'Event', associated_resources: [] },
      })
      expect(await pco.statusOf(event)).toBe(codeOf(status))
    },
  )

  it('stops the retries that are left', async () => {
    const event = await pco.seed(pco.subscription, 'failed')
    await makeDue(event)
    await pco.call('post', `${pco.at}/${event}/ignore`)
    expect(await pco.api.database.sql`SELECT FROM due WHERE delivery = ${event}::bigint`).toHaveLength(0)
  })

  it('of one event asked at once by many changes it once', async () => {
    const event = await pco.seed(pco.subscription, 'failed')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => pco.call('post', `${pco.at}/${event}/ignore`)),
    )
    expect(answers.map((answer) => [answer.status, answer.body.data.attributes.status])).toEqual(
      Array.from({ length: 6 }, () => [200, 'ignored_failed']),
    )
    expect(await pco.auditOf(event)).toHaveLength(1)
  })
})

describe('ignore while the event changes', () => {
  const sql = () => pco.api.database.sql
  const ignore = (event: number) => pco.call('post', `${pco.at}/${event}/ignore`)

  it('answers 422 where it is redelivered before it could be ignored', async () => {
    const event = await pco.seed(pco.subscription, 'failed')
    const waits = async () => {
      const rows = await pco.api.database.orm.execute(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      )
      return rows.length > 0
    }
    let ignoring: Promise<Awaited<ReturnType<typeof ignore>>> | undefined
    await sql().begin(async (tx) => {
      await tx`UPDATE deliveries SET status = ${codeOf('pending')}::smallint WHERE id = ${event}::bigint`
      ignoring = ignore(event).then((answer) => answer)
      await eventually(waits)
    })
    const answer = await ignoring
    if (!answer) throw new Error('nothing was answered')
    expectErrors(answer, 422)
    expect(answer.body.errors[0].detail).toBe('An event that is pending cannot be ignored')
    expect(await pco.auditOf(event)).toEqual([])
  })

  it('answers with the status it was given, whatever becomes of it right after', async () => {
    const event = await pco.seed(pco.subscription, 'skipped')
    await sql().unsafe(`
      CREATE FUNCTION redeliver_at_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE deliveries SET status = ${codeOf('pending')} WHERE id = NEW.target::bigint; RETURN NULL; END $$;
      CREATE TRIGGER redeliver_at_once AFTER INSERT ON audit_log FOR EACH ROW
        WHEN (NEW.action = 'delivery.ignored') EXECUTE FUNCTION redeliver_at_once()`)
    const answer = await ignore(event)
    await sql().unsafe('DROP TRIGGER redeliver_at_once ON audit_log; DROP FUNCTION redeliver_at_once')
    expectDocument(answer, 'one Event')
    expect(answer.body.data.attributes.status).toBe('ignored_skipped')
    expect(await pco.statusOf(event)).toBe(codeOf('pending'))
  })

  it('answers 422 where every try found it changed', async () => {
    const event = await pco.seed(pco.subscription, 'failed')
    await sql().unsafe(`
      CREATE FUNCTION change_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER change_first BEFORE UPDATE ON deliveries FOR EACH ROW
        WHEN (NEW.id = ${event}) EXECUTE FUNCTION change_first()`)
    const answer = await ignore(event)
    await sql().unsafe('DROP TRIGGER change_first ON deliveries; DROP FUNCTION change_first')
    expectErrors(answer, 422)
    expect(await pco.statusOf(event)).toBe(codeOf('failed'))
  })
})

describe('updated_at', () => {
  it('stays when the event was last sent: neither ignore nor redeliver moves it', async () => {
    const event = await pco.seed(pco.subscription, 'failed')
    await pco.api.database.sql`
      UPDATE deliveries SET created_at = now() - interval '2 hours', last_sent_at = now() - interval '1 hour'
      WHERE id = ${event}::bigint`
    const before = (await pco.call('get', `${pco.at}/${event}`)).body.data.attributes.updated_at
    for (const action of ['ignore', 'redeliver']) {
      const answer = await pco.call('post', `${pco.at}/${event}/${action}`)
      expect(answer.body.data.attributes.updated_at).toBe(before)
    }
    expect((await pco.call('get', `${pco.at}/${event}`)).body.data.attributes.updated_at).toBe(before)
  })
})

describe('redeliver', () => {
  it.each([...deliveryStatuses])(
    'POST redeliver of an event that is %s answers 200 with pending, and it is due now',
    async (status) => {
      const event = await pco.seed(pco.subscription, status)
      const answer = await pco.call('post', `${pco.at}/${event}/redeliver`)
      expectDocument(answer, 'one Event')
      expect(answer.body.data).toMatchObject({ id: String(event), attributes: { status: 'pending' } })
      expect(await pco.statusOf(event)).toBe(codeOf('pending'))
      expect([...(await dueOf(event))]).toEqual([{ generation: 2 }])
      expect(await pco.auditOf(event)).toEqual([`token:${pco.application.id} delivery.redelivered`])
    },
  )

  it('keeps the deliveries there were', async () => {
    const event = await pco.seed(pco.subscription, 'failed')
    await pco.call('post', `${pco.at}/${event}/redeliver`)
    expect((await pco.call('get', `${pco.at}/${event}/deliveries`)).body.meta.total_count).toBe(1)
  })

  it('of an inactive subscription waits as pending until it is active again', async () => {
    const inactive = await pco.subscribe({ active: false })
    const event = await pco.seed(inactive, 'skipped')
    const answer = await pco.call('post', `/webhook_subscriptions/${inactive}/events/${event}/redeliver`)
    expectDocument(answer, 'one Event')
    expect(answer.body.data.attributes.status).toBe('pending')
    expect(await dueOf(event)).toHaveLength(1)
  })

  it('of one that is due already makes no second one', async () => {
    const event = await pco.seed(pco.subscription, 'pending')
    for (let i = 0; i < 2; i += 1) await pco.call('post', `${pco.at}/${event}/redeliver`)
    expect([...(await dueOf(event))]).toEqual([{ generation: 3 }])
    expect(idsOf(await pco.list('?per_page=100')).filter((id) => id === event)).toHaveLength(1)
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  eventName,
  expectDocument,
  expectErrors,
  hook,
  root,
  startPlanningCenter,
  type PlanningCenter,
} from './support/planning-center.ts'

let pco: PlanningCenter
let id: number
let event: number
beforeAll(async () => {
  pco = await startPlanningCenter()
  id = await pco.subscribe()
  event = await pco.seed(id, 'failed')
})
afterAll(() => pco.close())

const versionOf = (answer: { headers: Record<string, string> }) =>
  answer.headers['x-pco-api-processed-as-version']
const asked = (path: string, version: string) => pco.call('get', path).set('X-PCO-API-Version', version)

describe('X-PCO-API-Version', () => {
  it.each([
    ['2018-08-01', '2018-08-01'],
    ['2022-10-19', '2018-08-01'],
    ['2022-10-20', '2022-10-20'],
    ['2031-01-01', '2022-10-20'],
    ['LATEST', '2022-10-20'],
    ['latest', '2022-10-20'],
    ['', '2022-10-20'],
  ])('%p is processed as version %s, which X-PCO-API-Processed-As-Version echoes', async (version, is) => {
    expect(versionOf(await asked('', version))).toBe(is)
  })

  it('is 2022-10-20 by default', async () => {
    expect(versionOf(await pco.call('get', ''))).toBe('2022-10-20')
  })

  it.each(['2018-07-31', '1999-01-01', 'yesterday', '2022-13-01', '2022-02-30', '1'])(
    '%s is 400 unsupported_version_error',
    async (version) => {
      const answer = await asked('', version)
      expectErrors(answer, 400)
      expect(answer.body.errors[0].code).toBe('unsupported_version_error')
      expect(versionOf(answer)).toBeUndefined()
    },
  )

  it('is echoed with refusals, too', async () => {
    expect(versionOf(await asked('/nope', '2018-08-01'))).toBe('2018-08-01')
  })
})

describe('version 2018-08-01', () => {
  const at = `/subscriptions`
  const old = (path: string) => asked(path, '2018-08-01')

  it('calls a subscription Subscription, as a type and as a parent', async () => {
    expectDocument(await old(at), 'many Subscription')
    expectDocument(await old(`${at}/${id}`), 'one Subscription')
    const events = await old(`${at}/${id}/events`)
    expectDocument(events, 'many Event2018')
    expect(events.body.meta.parent).toEqual({ id: String(id), type: 'Subscription' })
  })

  it('names the path it had then among the links of the organization', async () => {
    expectDocument(await old(''), 'one Organization2018')
  })

  it('makes a Subscription of a posted one', async () => {
    const answer = await pco
      .call('post', at)
      .set('X-PCO-API-Version', '2018-08-01')
      .send({ data: { type: 'Subscription', attributes: { name: eventName, url: hook } } })
    expectDocument(answer, 'one Subscription', 201)
  })

  it('has no ignore', async () => {
    const answer = await pco
      .call('post', `${at}/${id}/events/${event}/ignore`)
      .set('X-PCO-API-Version', '2018-08-01')
    expectErrors(answer, 404)
    expect(await pco.statusOf(event)).toBe(3)
  })

  it('has redeliver', async () => {
    const answer = await pco
      .call('post', `${at}/${id}/events/${event}/redeliver`)
      .set('X-PCO-API-Version', '2018-08-01')
    expectDocument(answer, 'one Event2018')
  })
})

describe('the two paths of subscriptions', () => {
  it.each(['/webhook_subscriptions', '/subscriptions'])(
    '%s has the same handlers, and every link echoes it',
    async (prefix) => {
      const attempts = await pco.call('get', `${prefix}/${id}/events/${event}/deliveries`)
      const documents = [
        [await pco.call('get', prefix), 'many WebhookSubscription'],
        [await pco.call('get', `${prefix}/${id}`), 'one WebhookSubscription'],
        [await pco.call('get', `${prefix}/${id}/events`), 'many Event'],
        [await pco.call('get', `${prefix}/${id}/events/${event}`), 'one Event'],
        [attempts, 'many Delivery'],
        [
          await pco.call('get', `${prefix}/${id}/events/${event}/deliveries/${attempts.body.data[0].id}`),
          'one Delivery',
        ],
        [await pco.call('post', `${prefix}/${id}/rotate_secret`), 'one WebhookSubscription'],
      ] as const
      for (const [answer, kind] of documents) {
        expectDocument(answer, kind)
        const links = answer.text.match(/"https?:\/\/[^"]*"/g)?.filter((link) => link.includes(root))
        expect(links?.length).toBeGreaterThan(0)
        expect(links?.filter((link) => !link.startsWith(`"${pco.api.url}${root}${prefix}`))).toEqual([])
      }
    },
  )
})

describe('absolute links', () => {
  const selfOf = async (headers: Record<string, string>) => {
    const answer = await pco.call('get', `/subscriptions/${id}`).set(headers)
    expectDocument(answer, 'one WebhookSubscription')
    return answer.body.data.links.self
  }
  const path = () => `${root}/subscriptions/${id}`

  it('have the host of the request', async () => {
    expect(await selfOf({ Host: 'hooks.example.com:8443' })).toBe(`http://hooks.example.com:8443${path()}`)
    expect(await selfOf({ Host: '[2001:db8::1]:80' })).toBe(`http://[2001:db8::1]:80${path()}`)
  })

  it('have what a proxy says of host and scheme', async () => {
    const headers = { 'X-Forwarded-Proto': 'https, http', 'X-Forwarded-Host': 'hooks.example.com, inner' }
    expect(await selfOf(headers)).toBe(`https://hooks.example.com${path()}`)
  })

  it.each([
    { 'X-Forwarded-Host': 'evil.example.com/x?' },
    { 'X-Forwarded-Host': 'a b' },
    { 'X-Forwarded-Host': '' },
    { 'X-Forwarded-Proto': 'javascript' },
  ])('do not believe %j', async (headers) => {
    expect(await selfOf(headers)).toBe(`${pco.api.url}${path()}`)
  })

  it('have the address that was called where Host is no host', async () => {
    expect(await selfOf({ Host: '"><script>' })).toMatch(
      new RegExp(`^http://[\\w.:\\[\\]]+:${new URL(pco.api.url).port}${path()}$`),
    )
  })

  it('are in answers that no cache keeps', async () => {
    expect((await pco.call('get', '')).headers['cache-control']).toBe('no-store')
  })
})

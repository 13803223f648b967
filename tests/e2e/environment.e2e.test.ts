import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { selfSignCertificate } from '@waybill/certificates'
import {
  createTestDatabase,
  eventually,
  startReceiver,
  type Receiver,
  type TestDatabase,
} from '@waybill/testing'
import { aTriggerBody } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'

type Story = { deliveries: { subscription: { key: string }; attempts: { error: string | null }[] }[] }

describe('a worker whose environment would have it go by a proxy and check no certificate', () => {
  let database: TestDatabase
  let selfSigned: Receiver
  let stack: Stack
  let throughProxy = 0
  const proxy = createServer((socket) => {
    throughProxy += 1
    socket.destroy()
  })
  beforeAll(async () => {
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const url = `http://user:hunter2@127.0.0.1:${(proxy.address() as AddressInfo).port}`
    selfSigned = await startReceiver({ tls: await selfSignCertificate(['127.0.0.1']) })
    database = await createTestDatabase()
    stack = await startStack({
      databaseUrl: database.url,
      queue: { backend: 'postgres', databaseUrl: database.url },
      workerEnv: {
        HTTP_PROXY: url,
        HTTPS_PROXY: url,
        https_proxy: url,
        // Has Node's own client use them, where it can.
        NODE_USE_ENV_PROXY: '1',
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      },
    })
  })
  afterAll(async () => {
    await stack.stop()
    await selfSigned.close()
    await database.drop()
    proxy.close()
  })

  it('sends directly, and refuses a server that anybody could be', async () => {
    const plain = await stack.subscribe('/plain')
    const secured = await stack.subscribe('', { key: 'secured', url: `${selfSigned.url}/secured` })
    expect(plain.id).not.toBe(secured.id)
    const answer = await stack.call('POST', '/v1/triggers', aTriggerBody(1))
    const { id } = (await answer.json()) as { id: string }
    const errors = await eventually(async () => {
      const story = (await (await stack.call('GET', `/v1/triggers/${id}`)).json()) as Story
      const found = story.deliveries.map(({ subscription, attempts }) => [
        subscription.key === 'secured',
        attempts[0]?.error,
      ])
      return found.length === 2 && found.every(([, error]) => error !== undefined) ? found : undefined
    })
    expect(errors?.toSorted()).toEqual([
      [false, null],
      [true, 'tls_self_signed'],
    ])
    expect(stack.receiver.requests).toHaveLength(1)
    expect([selfSigned.requests.length, throughProxy]).toEqual([0, 0])
  })

  it('says so, once each and without the proxy’s login', () => {
    const lines = stack.workers.flatMap((worker) => worker.lines)
    const told = (event: string) =>
      lines.filter(({ fields }) => fields['event'] === event).map(({ fields }) => fields['variables'])
    expect(told('environment.unsafe')).toEqual(['NODE_TLS_REJECT_UNAUTHORIZED'])
    expect(told('environment.ignored')).toEqual(['HTTP_PROXY, HTTPS_PROXY, https_proxy'])
    expect(lines.map(({ text }) => text).join()).not.toContain('hunter2')
  })
})

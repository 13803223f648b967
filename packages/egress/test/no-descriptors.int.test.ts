import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startDnsServer, type TestDns } from '@waybill/testing'

const script = fileURLToPath(new URL('send-without-descriptors.ts', import.meta.url))
const server = createServer((_request, response) => response.end())
let dns: TestDns
let port: number
beforeAll(async () => {
  dns = await startDnsServer((_name, family) => [family === 4 ? '127.0.0.1' : '::1'])
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  server.close()
  await dns.close()
})

/** In a process of its own with few descriptors: what came of a send without any left, and of the next one. */
async function outcomes(host: string, ...servers: string[]): Promise<unknown> {
  const node = [process.execPath, '--conditions=source', '--import', 'tsx', script]
  const args = [...node, `http://${host}:${port}/`, ...servers]
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -n 100 && exec "$0" "$@"', ...args])
  return JSON.parse(stdout)
}

describe('a process without a descriptor left', () => {
  it('blames itself, not the endpoint whose name it cannot look up', async () => {
    expect(await outcomes('receiver.example', dns.address)).toEqual(['dns sender_exhausted', '200'])
  })

  it('blames itself where it cannot even read which servers there are', async () => {
    const [without] = (await outcomes('receiver.example')) as string[]
    expect(without).toBe('dns sender_exhausted')
  })

  it('blames itself for addresses it cannot dial', async () => {
    expect(await outcomes('127.0.0.1')).toEqual(['connect sender_exhausted', '200'])
    expect(await outcomes('localhost')).toEqual(['connect sender_exhausted', '200'])
  })

  it('takes servers that refuse to be asked for what they are once it has descriptors', async () => {
    const gone = await startDnsServer(() => 'silence')
    await gone.close()
    expect(await outcomes('receiver.example', gone.address)).toEqual([
      'dns sender_exhausted',
      'dns dns_failed',
    ])
  })
})

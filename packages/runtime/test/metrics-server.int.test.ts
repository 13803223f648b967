import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { counter, createRegistry, gauge, histogram, startMetricsServer } from '../src/index.ts'
import type { MetricsServer } from '../src/index.ts'

const registry = createRegistry()
const logger = { info: () => {}, error: () => {} }
let server: MetricsServer
beforeAll(async () => {
  server = await startMetricsServer({ host: '127.0.0.1', port: 0, registry, logger })
})
afterAll(() => server.close())

describe('metrics server', () => {
  it('serves our metrics and Node’s own as Prometheus text', async () => {
    const sent = counter({ registry, name: 'sent_total', help: 'Sent.', labels: ['outcome'] })
    sent.inc({ outcome: 'ok' }, 3)
    gauge({ registry, name: 'waiting', help: 'Waiting.', collect: (self) => self.set(4) })
    histogram({ registry, name: 'took_seconds', help: 'Took.', buckets: [0.1, 1] }).observe(0.5)
    const response = await fetch(`${server.url}/metrics`)
    const text = await response.text()
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(text).toContain('sent_total{outcome="ok"} 3')
    expect(text).toContain('waiting 4')
    expect(text).toContain('took_seconds_bucket{le="1"} 1')
    expect(text).toContain('process_cpu_user_seconds_total')
  })

  it('knows no other path and no other method', async () => {
    expect((await fetch(`${server.url}/`)).status).toBe(404)
    expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405)
  })

  it('rejects when its port is taken', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startMetricsServer({ host: '127.0.0.1', port, registry, logger })).rejects.toThrow(
      'EADDRINUSE',
    )
  })

  it('closes although a client keeps its connection', async () => {
    const other = await startMetricsServer({ host: '127.0.0.1', port: 0, registry, logger })
    await (await fetch(`${other.url}/metrics`)).text()
    await other.close()
    await expect(fetch(`${other.url}/metrics`)).rejects.toThrow()
  })
})

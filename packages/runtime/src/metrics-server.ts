import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from './create-logger.ts'
import type { Registry } from './metrics.ts'

export interface MetricsServerOptions {
  host: string
  /** 0 takes a free port; see `url`. */
  port: number
  registry: Pick<Registry, 'metrics' | 'contentType'>
  /** More paths to answer on this port, like `/livez`, as JSON. */
  probes?: Readonly<Record<string, () => Promise<{ status: number; body: unknown }>>>
  logger: Pick<Logger, 'info' | 'error'>
}

export interface MetricsServer {
  /** Origin without a trailing slash, like `http://127.0.0.1:9464`. */
  url: string
  close(): Promise<void>
}

/** Serves `GET /metrics` for Prometheus on a port of its own. Rejects when the port cannot be listened on. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, logger } = options
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      logger.error('metrics.failed', { error })
      response.writeHead(500).end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => logger.error('metrics.failed', { error }))
  const { port: listening } = server.address() as AddressInfo
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${listening}`
  logger.info('metrics.started', { url })
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  { registry, probes = {} }: MetricsServerOptions,
): Promise<void> {
  const path = url.split('?')[0] ?? ''
  const probe = Object.hasOwn(probes, path) ? probes[path] : undefined
  if (path !== '/metrics' && !probe) return void response.writeHead(404).end()
  if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
  if (probe) {
    const { status, body } = await probe()
    const json = JSON.stringify(body)
    return void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(method === 'HEAD' ? '' : json)
  }
  const text = await registry.metrics()
  response.writeHead(200, { 'content-type': registry.contentType }).end(method === 'HEAD' ? undefined : text)
}

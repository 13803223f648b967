import { createLoop, startMetricsServer, type Logger } from '@waybill/runtime'
import { createApp } from './app.ts'
import type { ApiConfig } from './config.ts'
import { buildDeps } from './deps.ts'
import { startServer } from './server.ts'

export type RunningApi = { url: string; metricsUrl: string; stop(): Promise<void> }

const checkAgainMs = 1_000

/**
 * Starts the process. Without a database, or before its migrations, it listens all the same and says 503 until they are
 * there. Throws when the database was made with another master key or, in production, would lose commits.
 */
export async function startApi(config: ApiConfig, logger: Logger): Promise<RunningApi> {
  const state = { stopping: false }
  const deps = buildDeps(config, logger, () => state.stopping)
  const check = createLoop({
    name: 'installation',
    everyMs: checkAgainMs,
    run: () => deps.installation.run().catch((error: unknown) => end(error, logger)),
    logger,
  })
  await deps.installation.run()
  if (deps.installation.state() !== 'passed') check.start()
  const metrics = await startMetricsServer({ ...config.metrics, registry: deps.metrics.registry, logger })
  const server = await startServer(createApp(deps), {
    ...config.listen,
    lameDuckMs: config.lameDuckMs,
    onError: (error) => logger.error('server.failed', { error }),
  })
  logger.info('server.started', { address: server.url })
  return {
    url: server.url,
    metricsUrl: metrics.url,
    stop: async () => {
      state.stopping = true
      await Promise.all([check.stop(), server.close()])
      await deps.close()
      await metrics.close()
    },
  }
}

/** The database came late, and is not ours. Nothing was stored before that was known, so there is nothing to finish. */
function end(error: unknown, logger: Logger): void {
  logger.error('installation.refused', { error })
  setImmediate(() => process.exit(1))
}

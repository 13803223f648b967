import { createLogger, runUntilSignal } from '@waybill/runtime'
import { readConfig } from './config.ts'
import { startWorker } from './start-worker.ts'

const config = readConfig(process.env)
const logger = createLogger({ service: 'waybill-worker', level: config.logLevel })

await runUntilSignal({
  start: () => startWorker(config, logger),
  logger,
  stopTimeoutMs: config.stopTimeoutMs,
})

import { createLogger, runUntilSignal, warnOfEnvironment } from '@waybill/runtime'
import { readConfig } from './config.ts'
import { startApi } from './start-api.ts'

const config = readConfig(process.env)
const logger = createLogger({ service: 'waybill-api', level: config.logLevel })
warnOfEnvironment(process.env, logger)

await runUntilSignal({
  start: () => startApi(config, logger),
  logger,
  stopTimeoutMs: config.stopTimeoutMs,
})

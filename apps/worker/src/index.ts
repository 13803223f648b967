export { readConfig, type WorkerConfig } from './config.ts'
export { startWorker, type RunningWorker } from './start-worker.ts'

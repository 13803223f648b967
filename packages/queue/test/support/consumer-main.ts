import { createConsumers } from '../../src/create-consumers.ts'
import type { QueueConfig } from '../../src/queue-config.ts'

/** A worker process of its own: prints what it takes, ends on SIGTERM, and dies of what nobody catches. */
const config = JSON.parse(process.argv[2] ?? '') as QueueConfig
const print = (line: string) => process.stdout.write(`${line}\n`)

const consumers = createConsumers(config, {
  fanOut: { concurrency: 2, process: (id) => Promise.resolve(void print(`fan-out ${id}`)) },
  bulk: { concurrency: 2, process: (id) => Promise.resolve(void print(`bulk ${id}`)) },
  drain: { concurrency: 2, process: (id) => Promise.resolve(void print(`drain ${id}`)) },
  onError: (error) => print(`error ${error.message}`),
})
consumers.start()
print('started')

process.once('SIGTERM', () => {
  void consumers.close(3_000).then(() => process.exit(0))
})

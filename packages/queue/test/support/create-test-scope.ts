import { createWakeUps } from '../../src/create-wake-ups.ts'
import type { QueueConfig } from '../../src/queue-config.ts'
import { startConsumerProcess } from './start-consumer-process.ts'

export type TestScope = ReturnType<typeof createTestScope>

/** What one test opens: closed by `end`, the last first. `errors` are those of its wake-ups. */
export const createTestScope = () => {
  const cleanUps: (() => Promise<unknown>)[] = []
  const errors: Error[] = []
  return {
    errors,
    later: (cleanUp: () => Promise<unknown>) => void cleanUps.push(cleanUp),
    openWakeUps: (config: QueueConfig) => {
      const wakeUps = createWakeUps(config, { onError: (error) => errors.push(error) })
      cleanUps.push(() => wakeUps.close())
      return wakeUps
    },
    openConsumers: async (config: QueueConfig) => {
      const consumers = await startConsumerProcess(config)
      cleanUps.push(() => consumers.stop())
      return consumers
    },
    end: async () => {
      for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
    },
  }
}

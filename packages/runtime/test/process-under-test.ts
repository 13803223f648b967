/** Started by run-until-signal.int.test.ts as a process of its own; the argument chooses how it behaves. */
import { createLogger, exitOnBadEnvironment, port, readEnv, runUntilSignal } from '../src/index.ts'
import { z } from 'zod'

const [mode = ''] = process.argv.slice(2)
if (mode === 'bad-environment') {
  exitOnBadEnvironment(() => readEnv(z.object({ PORT: port, NAME: z.string() }), { PORT: 'abc' }))
}
const never = new Promise<void>(() => {})

const logger = createLogger({ service: 'under-test', level: 'info' })

void runUntilSignal({
  logger,
  stopTimeoutMs: mode === 'stop-hangs-briefly' ? 100 : 30_000,
  start: async () => {
    if (mode === 'start-fails') throw new Error('cannot start')
    const alive = setInterval(() => {}, 1_000)
    if (mode === 'talks') setInterval(() => logger.info('still.here'), 5).unref()
    if (mode === 'throws') setTimeout(() => fail(), 10)
    if (mode === 'rejects') setTimeout(() => void Promise.reject(new Error('nobody caught this')), 10)
    return {
      async stop() {
        process.stdout.write('stopping\n')
        if (mode.startsWith('stop-hangs')) await never
        if (mode === 'stop-fails') throw new Error('cannot stop')
        clearInterval(alive)
      },
    }
  },
})

function fail(): never {
  throw new Error('nobody caught this')
}

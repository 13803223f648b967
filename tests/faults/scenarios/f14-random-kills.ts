import { setTimeout as pause } from 'node:timers/promises'
import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { pickOne } from '../support/seeded-random.ts'
import { usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F14',
  title: 'kill -9 of any process every 1 to 5 s',
  backends: bothBackends,
  run: async (context) => {
    const { random, night } = context
    const minutes = night?.minutes ?? 0.75
    const wanted = night?.triggers ?? 20_000
    const stack = await usualStack(context)
    await stack.receiver.program({
      rules: [
        { chance: 0.08, answer: { status: 500, delayMs: 20 } },
        { chance: 0.05, answer: { status: 200, delayMs: 120 } },
      ],
    })
    await Promise.all([stack.startApi(), stack.startWorker()])
    const endsAt = performance.now() + minutes * 60_000
    const done = () => performance.now() > endsAt || stack.client.intents.size >= wanted
    const posting = stack.client.post(wanted, {
      atOnce: night ? 64 : 20,
      rate: night ? 600 : 150,
      until: done,
    })
    const kills = { api: 0, worker: 0 }
    while (!done()) {
      await pause(1_000 + random() * 4_000)
      const victim = pickOne(random, [...stack.apis(), ...stack.workers()])
      victim.kill('SIGKILL')
      kills[victim.app] += 1
      await victim.exited
      await (victim.app === 'api' ? stack.startApi() : stack.startWorker())
      if ((kills.api + kills.worker) % 20 === 0)
        context.log(`${stack.client.intents.size} intents, ${kills.api + kills.worker} kills`)
    }
    await posting
    const finding = await judge(stack, {
      calls: { cut: true, unavailable: true },
      timeoutMs: night ? 900_000 : 120_000,
    })
    finding.notes.push(`${kills.api} kills of an api, ${kills.worker} of a worker`)
    return finding
  },
}

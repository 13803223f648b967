import { codesByPath } from '../support/codes-by-path.ts'
import { healthyP99 } from '../support/healthy-p99.ts'
import { burstCaps } from '../support/checks/check-vitals.ts'
import { judge, mustHold } from '../support/judge.ts'
import { namedStack } from '../support/named-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

const isHealthy = (path: string): boolean => path.startsWith('/healthy')

export const scenario: Scenario = {
  id: 'F73',
  title: 'DNS hangs for one domain of 11, that of three subscriptions',
  backends: bothBackends,
  run: async (context) => {
    const { stack, dns, answers, subscribe } = await namedStack(context)
    for (let i = 1; i <= 10; i += 1) await subscribe(`healthy-${i}`)
    for (const key of ['a', 'b', 'c']) await subscribe('hangs', { key, inFlightLimit: 50 })
    await Promise.all([stack.startApi(), stack.startWorker()])
    const load = startLoad(stack, { rate: 25 })
    await lasts(3_000)
    const calmSince = Date.now()
    await lasts(6_000)
    const baseline = await healthyP99(stack, calmSince, isHealthy)
    answers.set('hangs', 'silence')
    await lasts(2_000)
    const [since, asked] = [Date.now(), dns.questions.length]
    await lasts(10_000)
    await load.stop()
    const questions = dns.questions.slice(asked)
    const disturbed = await healthyP99(stack, since, isHealthy)
    answers.clear()
    // What is tried again never leaves: nobody receives a retry.
    const finding = await judge(stack, { timeoutMs: 180_000, retries: 0, caps: burstCaps })
    const codes = (await codesByPath(stack)).get('/hangs')?.join()
    const looked = questions.filter((question) => question.startsWith('healthy')).length
    finding.notes.push(
      `p99 of the healthy: ${Math.round(baseline)} ms, beside the hanging domain ${Math.round(disturbed)} ms; ` +
        `${looked} lookups of theirs, ${questions.length - looked} of the hanging one's`,
    )
    mustHold(finding, codes === 'dns_timeout', `F73 the attempts to the hanging domain say "${codes}"`)
    mustHold(finding, looked > 1_000, `F73 only ${looked} lookups beside the hanging domain`)
    mustHold(finding, questions.length > looked, 'F73 the hanging domain was not looked up')
    mustHold(finding, disturbed <= baseline * 2 + 25, `I6 p99 rose from ${baseline} to ${disturbed} ms`)
    return finding
  },
}

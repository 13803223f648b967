import { eventually, type DnsAnswer } from '@waybill/testing'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { codesByPath } from '../support/codes-by-path.ts'
import { judge, mustHold } from '../support/judge.ts'
import { forbiddenAddress, namedStack, receiverAddress } from '../support/named-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

/** What a name answers while the fault lasts, and the only code its attempts may have. */
const faults: Record<string, { answer: DnsAnswer; code: string }> = {
  absent: { answer: 'NXDOMAIN', code: 'dns_not_found' },
  empty: { answer: [], code: 'dns_not_found' },
  servfail: { answer: 'SERVFAIL', code: 'dns_failed' },
  refused: { answer: 'REFUSED', code: 'dns_failed' },
  silent: { answer: 'silence', code: 'dns_timeout' },
  mixed: { answer: [receiverAddress, forbiddenAddress], code: 'blocked_address' },
  flips: { answer: [forbiddenAddress], code: 'blocked_address' },
}

export const scenario: Scenario = {
  id: 'F72',
  title: 'DNS: NXDOMAIN, SERVFAIL, refused, no answer, an empty one, and one that turns to 127.0.0.1',
  backends: bothBackends,
  run: async (context) => {
    const { stack, dns, answers, canary, subscribe } = await namedStack(context)
    for (const name of ['good', ...Object.keys(faults)]) await subscribe(name)
    for (const [name, { answer }] of Object.entries(faults)) if (name !== 'flips') answers.set(name, answer)
    await Promise.all([stack.startApi(), stack.startWorker()])
    const load = startLoad(stack, { rate: 15 })
    const arrivedAt = async (path: string) =>
      (await stack.receiver.lines()).filter((line) => line.path === path).length
    await eventually(async () => (await arrivedAt('/flips')) > 10, { timeoutMs: 30_000 })
    answers.set('flips', [forbiddenAddress])
    await lasts(500)
    const beforeFlip = await arrivedAt('/flips')
    await lasts(5_000)
    await load.stop()
    const [afterFlip, afterMixed] = [await arrivedAt('/flips'), await arrivedAt('/mixed')]
    await eventually(
      async () => [...(await codesByPath(stack)).values()].filter((c) => c.length > 0).length >= 7,
      {
        timeoutMs: 30_000,
      },
    )
    answers.clear()
    // What is tried again never leaves: nobody receives a retry.
    const finding = await judge(stack, { timeoutMs: 120_000, retries: 0 })
    const codes = await codesByPath(stack)
    for (const [name, { code }] of Object.entries({ good: { code: '' }, ...faults })) {
      const found = codes.get(`/${name}`)?.join() ?? ''
      mustHold(finding, found === code, `F72 ${name}: the attempts say "${found}", not "${code}"`)
    }
    const { deliveries } = await readLedgers(stack)
    const blocked = new Set<number>(
      stack.subscriptions.filter(({ path }) => path === '/mixed' || path === '/flips').map(({ id }) => id),
    )
    const undelivered = deliveries.filter(
      ({ subscription, status }) => status !== 'delivered' && !blocked.has(subscription),
    )
    finding.notes.push(
      `${dns.questions.length} questions; ${[...codes].map(([path, said]) => `${path} ${said.join()}`).join(', ')}`,
    )
    mustHold(
      finding,
      undelivered.length === 0,
      `F72 ${undelivered.length} were not delivered after the fault`,
    )
    mustHold(finding, canary.taken() === 0, `F72 ${canary.taken()} connections to ${forbiddenAddress}`)
    mustHold(finding, afterFlip === beforeFlip, 'F72 the flipped name was still called')
    mustHold(finding, afterMixed === 0, 'F72 a name with a forbidden address beside a good one was called')
    return finding
  },
}

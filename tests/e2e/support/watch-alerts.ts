import { eventually, type TestProcess } from '@waybill/testing'
import { evaluateRule, type Scrape } from '../../support/evaluate-rule.ts'
import type { Rule } from '../../support/parse-rule.ts'
import { readAlerts } from '../../support/read-alerts.ts'
import type { Stack } from './start-stack.ts'

export const patient = { timeoutMs: 60_000, everyMs: 300 }

/**
 * The rules of deploy/alerts.yml over the /metrics of a stack's processes. `sooner`: for a rule that no test can wait for,
 * its name and a lower threshold; the rest of it stays what it is.
 */
export function watchAlerts(stack: Pick<Stack, 'api' | 'workers'>, sooner: Record<string, number> = {}) {
  const alerts = readAlerts().map(({ name, rule }) => ({ name, rule: withThreshold(rule, sooner[name]) }))
  const scrapes: Scrape[] = []
  const firing = async (): Promise<string[]> => {
    scrapes.push(await scrape(stack))
    return alerts.filter(({ rule }) => evaluateRule(rule, scrapes).length > 0).map(({ name }) => name)
  }
  return {
    firing,
    fires: (name: string) => eventually(async () => (await firing()).includes(name), patient),
    falls: (name: string) => eventually(async () => !(await firing()).includes(name), patient),
  }
}

function withThreshold(rule: Rule, threshold: number | undefined): Rule {
  return threshold === undefined || rule.kind === 'absent' ? rule : { ...rule, threshold }
}

/** As Prometheus does: what does not answer is left out. */
export async function scrape({ api, workers }: Pick<Stack, 'api' | 'workers'>): Promise<Scrape> {
  const pages = await Promise.all(
    [api, ...workers].map(async (child): Promise<[string, string] | undefined> => {
      const url = metricsUrlOf(child)
      const page = await fetch(`${url}/metrics`).then(
        (answer) => answer.text(),
        () => undefined,
      )
      return page === undefined ? undefined : [url, page]
    }),
  )
  return { atMs: performance.now(), pages: Object.fromEntries(pages.filter((page) => page !== undefined)) }
}

/** The process says where its metrics are when it starts. */
function metricsUrlOf(child: TestProcess): string {
  const line = child.lines.find(({ text }) => text.includes('metrics.started'))
  return /http:\/\/127\.0\.0\.1:\d+/.exec(line?.text ?? '')?.[0] ?? ''
}

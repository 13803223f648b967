import { eventually, type TestProcess } from '@waybill/testing'
import postgres from 'postgres'
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

/** Does `work` while a table is locked. With a client of its own: Waybill's gives up transactions that take long. */
export async function whileLocked(url: string, table: string, mode: string, work: () => Promise<unknown>) {
  const sql = postgres(url, { max: 1 })
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${table} IN ${mode} MODE`)
      await work()
    })
  } finally {
    await sql.end()
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

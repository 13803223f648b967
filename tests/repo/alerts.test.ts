import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { evaluateRule, samplesOf, type Scrape } from '../support/evaluate-rule.ts'
import { parseRule, selectorsOf } from '../support/parse-rule.ts'
import { readAlerts } from '../support/read-alerts.ts'
import { openScene, type Scene } from './support/alert-scene.ts'
import { repoFile, repoRoot } from './support/repo-file.ts'

const alerts = readAlerts()

/** What happens to each alert's metrics when its fault happens. */
const faults: Record<string, (scene: Scene) => void> = {
  WaybillApiGone: () => {},
  WaybillWorkersGone: () => {},
  WaybillStorageAway: ({ facts }) => (facts.storageUp = false),
  WaybillStorageUnsafe: ({ watch }) => watch.storageUnsafe(true),
  WaybillApiErrors: ({ api }) => {
    for (let i = 0; i < 20; i += 1) api.answered('/v1/triggers', 'POST', 503, 1_900)
  },
  WaybillBatchesUnclaimed: ({ backlog }) => backlog({ unclaimedBatches: 3, oldestUnclaimedSeconds: 130 }),
  WaybillLanesOverdue: ({ backlog }) => backlog({ dueNow: 1, oldestDueSeconds: 700 }),
  WaybillBatchesQuarantined: ({ backlog }) => backlog({ quarantinedBatches: 1 }),
  WaybillDeliveriesQuarantined: ({ worker }) => worker.noticed('delivery_quarantined'),
  WaybillLedgerViolated: ({ ledger }) =>
    ledger({
      violations: [{ kind: 'lane_missing', subject: 'subscription', id: 1, subscription: null, detail: '' }],
    }),
  WaybillLedgerUnbalanced: ({ ledger, balance }) => ledger({ balance: { ...balance, missing: 1 } }),
  WaybillLedgerUnaudited: ({ facts }) => (facts.monotonicMs = 1_801_000),
  WaybillQueueAway: ({ facts }) => (facts.queueReady = false),
  WaybillQueueUnsafe: ({ watch }) => watch.queueUnsafe(true),
  WaybillJobsNeverConsumed: ({ worker }) => worker.healed('batch', 31),
  WaybillJobsWaiting: ({ worker }) => worker.queue({ fanOut: 5_001, bulk: 0, drain: 0 }),
  WaybillWorkersDie: ({ worker }) => worker.healed('worker', 1),
  WaybillInFlightSaturated: ({ facts }) => (facts.inUse = 0.95),
  WaybillWorkHeld: ({ facts }) => (facts.heldMs = 301_000),
  WaybillCannotSend: ({ worker }) => worker.notSent('sender_exhausted'),
  WaybillOutcomesUnrecorded: ({ facts }) => (facts.unrecorded = 501),
  WaybillClockSkew: ({ facts }) => (facts.skewMs = -3_600_000),
  WaybillMailsFail: ({ worker }) => {
    for (let i = 0; i < 4; i += 1) worker.mailed('failed')
  },
  WaybillPartitionsRunOut: ({ watch }) => watch.partitionDays(3),
  WaybillRetentionBlocked: ({ worker }) =>
    worker.history({
      days: 30,
      partitionDays: 2,
      floor: 0,
      tables: [{ table: 'triggers', partitions: 20, oldestDays: 40, blocked: ['triggers_2516_2518'] }],
    }),
}

/** The one process each of these cannot be scraped. */
const gone: Record<string, string> = { WaybillApiGone: 'api', WaybillWorkersGone: 'worker' }

const without = (instance: string | undefined, scrape: Scrape): Scrape => ({
  ...scrape,
  pages: Object.fromEntries(Object.entries(scrape.pages).filter(([name]) => name !== instance)),
})

const firing = (scrapes: Scrape[]) =>
  alerts.filter(({ rule }) => evaluateRule(rule, scrapes).length > 0).map(({ name }) => name)

describe('deploy/alerts.yml', () => {
  it('asks only for metrics and labels that api or worker have', async () => {
    const { pages } = await openScene().scrape()
    for (const { name, rule } of alerts) {
      for (const { metric, matchers } of selectorsOf(rule)) {
        const samples = Object.values(pages).flatMap((page) => samplesOf(page, metric))
        expect([name, metric, samples.length > 0]).toEqual([name, metric, true])
        for (const { label } of matchers)
          expect([name, label, samples.every(({ labels }) => label in labels)]).toEqual([name, label, true])
      }
    }
  })

  it('has a fault for every rule, and no rule twice', () => {
    expect(alerts.map(({ name }) => name)).toEqual(Object.keys(faults))
  })

  it('is silent on a quiet day', async () => {
    const scene = openScene()
    const first = await scene.scrape()
    scene.quietDay()
    expect(firing([first, await scene.scrape()])).toEqual([])
  })

  it.each(alerts.map(({ name }) => name))('fires %s on its fault, and no other', async (name) => {
    const scene = openScene()
    const before = await scene.scrape()
    faults[name]?.(scene)
    expect(firing([before, without(gone[name], await scene.scrape())])).toEqual([name])
  })

  it.each(alerts)('tells of $name in a sentence, with its severity and its section', ({ name, ...alert }) => {
    expect(alert.annotations['summary']).toMatch(/^[A-Z].{20,}[^.]$/)
    expect(alert.labels['severity']).toMatch(/^(page|warn)$/)
    expect(alert.annotations['runbook_url']).toBe(`docs/runbook.md#${name.toLowerCase()}`)
  })

  it.each(alerts.map(({ name }) => name))('has %s provoked in real processes somewhere', (name) => {
    const provoked = ['tests/e2e', 'tests/faults/scenarios', 'tests/faults/support']
      .flatMap((folder) => readdirSync(join(repoRoot, folder)).map((file) => `${folder}/${file}`))
      .filter((file) => file.endsWith('.ts') && repoFile(file).includes(`'${name}'`))
    expect(provoked).not.toEqual([])
  })

  it('is accepted by promtool where there is one', () => {
    const run = spawnSync('promtool', ['check', 'rules', 'deploy/alerts.yml'], {
      cwd: repoRoot,
      encoding: 'utf8',
    })
    if (run.error) return console.warn('NO promtool: its own opinion of deploy/alerts.yml is left out.')
    expect(run.stderr).toBe('')
    expect(run.status).toBe(0)
  })
})

describe('docs/runbook.md', () => {
  const sections = repoFile('docs/runbook.md')
    .split(/^## /m)
    .filter((section) => section.startsWith('Waybill'))

  it('has a section for each alert, in their order, and no other', () => {
    expect(sections.map((section) => section.split('\n')[0])).toEqual(alerts.map(({ name }) => name))
  })

  it.each(sections.map((section) => [section.split('\n')[0], section]))(
    'says of %s what it means, where to look and what to do',
    (_name, section) => {
      const parts = [...(section ?? '').matchAll(/^- \*\*(.+?):\*\* \S/gm)].map(([, part]) => part)
      expect(parts).toEqual(['Means', 'Look at', 'Do'])
    },
  )
})

describe('the evaluator of rules', () => {
  const page = (text: string): Scrape => ({ atMs: 0, pages: { a: text } })

  it.each([
    ['sum by (l) (m) > 2', ['x']],
    ['sum(m) > 2', [undefined]],
    ['max(m{l="y"}) == 1', [undefined]],
    ['m{l=~"x|z"} < 9', ['x', 'x']],
    ['m{l!="x"} > 0', ['y']],
    ['m / m > 5', []],
  ])('reads %s', (expression, expected) => {
    const found = evaluateRule(parseRule(expression), [
      page('m{l="x",n="1"} 1\nm{l="x",n="2"} 2\nm{l="y",n="1"} 1\n'),
    ])
    expect(found.map(({ labels }) => labels['l'])).toEqual(expected)
  })

  it('takes the increase over a range, and a counter that shrank as one that began anew', () => {
    const increase = (...values: number[]) => {
      const scrapes = values.map((value, i) => ({ atMs: i * 60_000, pages: { a: `m ${value}\n` } }))
      return evaluateRule(parseRule('increase(m[2m]) > 0'), scrapes).map(({ value }) => value)
    }
    expect(increase(1, 5, 6, 9)).toEqual([4])
    expect(increase(9, 2)).toEqual([2])
    expect(increase(7)).toEqual([])
  })

  it.each(['m', 'rate(m[5m]) > 1', 'm > n', 'a / b / c > 1', 'm{l="x} > 1', 'avg(m) > 1'])(
    'refuses %s, which it cannot read',
    (expression) => {
      expect(() => parseRule(expression)).toThrow(/not a|more than/)
    },
  )
})

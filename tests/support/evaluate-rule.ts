import type { Matcher, Operand, Rule, Selector } from './parse-rule.ts'

/** What Prometheus read at a moment: the text of each instance's /metrics. */
export type Scrape = { atMs: number; pages: Record<string, string> }

export type Sample = { labels: Record<string, string>; value: number }

/** The samples a page holds of a metric. */
export function samplesOf(page: string, metric: string): Sample[] {
  return page.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name !== metric || value === undefined) return []
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text])
    return [{ labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }]
  })
}

/** What an alert's expression yields over scrapes, oldest first: one sample for each alert that fires, none when it is silent. */
export function evaluateRule(rule: Rule, scrapes: readonly Scrape[]): Sample[] {
  if (rule.kind === 'absent')
    return select(rule.selector, scrapes).length === 0 ? [{ labels: {}, value: 1 }] : []
  const { left, divisor, op, threshold } = rule
  const divisors = divisor && read(divisor, scrapes)
  const values = read(left, scrapes).flatMap((sample) => {
    if (!divisors) return [sample]
    const by = divisors.find((other) => keyOf(other.labels) === keyOf(sample.labels))
    return by ? [{ ...sample, value: sample.value / by.value }] : []
  })
  return values.filter(({ value }) =>
    op === '>' ? value > threshold : op === '<' ? value < threshold : value === threshold,
  )
}

function read({ aggregate, by, selector }: Operand, scrapes: readonly Scrape[]): Sample[] {
  const samples = select(selector, scrapes)
  if (!aggregate) return samples
  const groups = new Map<string, { labels: Record<string, string>; values: number[] }>()
  for (const { labels, value } of samples) {
    const kept = Object.fromEntries(by.map((label) => [label, labels[label] ?? '']))
    const group = groups.get(keyOf(kept))
    if (group) group.values.push(value)
    else groups.set(keyOf(kept), { labels: kept, values: [value] })
  }
  return [...groups.values()].map(({ labels, values }) => ({
    labels,
    value: aggregate === 'sum' ? values.reduce((a, b) => a + b, 0) : Math[aggregate](...values),
  }))
}

function select(selector: Selector, scrapes: readonly Scrape[]): Sample[] {
  const latest = scrapes.at(-1)
  if (!latest) return []
  const { rangeMs } = selector
  const now = seriesIn(selector, latest)
  if (rangeMs === undefined) return [...now.values()]
  const first = scrapes
    .filter(({ atMs }) => atMs >= latest.atMs - rangeMs)
    .map((one) => seriesIn(selector, one))
  return [...now].flatMap(([key, { labels, value }]) => {
    // As in Prometheus: a series that has just appeared has not increased, and one that shrank began anew.
    const earlier = first
      .slice(0, -1)
      .find((series) => series.has(key))
      ?.get(key)
    if (!earlier) return []
    return [{ labels, value: value >= earlier.value ? value - earlier.value : value }]
  })
}

function seriesIn({ metric, matchers }: Selector, { pages }: Scrape): Map<string, Sample> {
  const series = new Map<string, Sample>()
  for (const [instance, page] of Object.entries(pages)) {
    for (const { labels, value } of samplesOf(page, metric)) {
      const all = { ...labels, instance }
      if (matchers.every((matcher) => matches(matcher, all))) series.set(keyOf(all), { labels: all, value })
    }
  }
  return series
}

function matches({ label, op, value }: Matcher, labels: Record<string, string>): boolean {
  const found = labels[label] ?? ''
  const isMatch = op.endsWith('~') ? new RegExp(`^(?:${value})$`).test(found) : found === value
  return op.startsWith('!') ? !isMatch : isMatch
}

const keyOf = (labels: Record<string, string>): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))

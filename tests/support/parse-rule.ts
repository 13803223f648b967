/** The forms of PromQL that deploy/alerts.yml keeps to; anything else is refused. */
export type Selector = { metric: string; matchers: Matcher[]; rangeMs: number | undefined }
export type Matcher = { label: string; op: '=' | '!=' | '=~' | '!~'; value: string }
export type Operand = { aggregate: Aggregate | undefined; by: string[]; selector: Selector }
export type Aggregate = 'sum' | 'min' | 'max'
export type Rule =
  | { kind: 'absent'; selector: Selector }
  | {
      kind: 'compare'
      left: Operand
      /** Divides `left` where present. */
      divisor: Operand | undefined
      op: '>' | '<' | '=='
      threshold: number
    }

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** Throws on an expression that is not of these forms. */
export function parseRule(expression: string): Rule {
  const absent = /^absent\((.+)\)$/.exec(expression)
  if (absent) return { kind: 'absent', selector: parseSelector(absent[1] ?? '') }
  const [, sides, op, threshold] = /^(.+) (>|<|==) (-?\d+(?:\.\d+)?)$/.exec(expression) ?? []
  if (sides === undefined || (op !== '>' && op !== '<' && op !== '=='))
    throw new Error(`not a comparison with a number: ${expression}`)
  const [left = '', divisor, ...rest] = sides.split(' / ')
  if (rest.length > 0) throw new Error(`more than one division: ${expression}`)
  return {
    kind: 'compare',
    left: parseOperand(left),
    divisor: divisor === undefined ? undefined : parseOperand(divisor),
    op,
    threshold: Number(threshold),
  }
}

export function selectorsOf(rule: Rule): Selector[] {
  if (rule.kind === 'absent') return [rule.selector]
  return [rule.left, rule.divisor].flatMap((operand) => (operand ? [operand.selector] : []))
}

function parseOperand(text: string): Operand {
  const [, aggregate, labels, inner] = /^(sum|min|max)(?: by \(([\w, ]+)\) )?\((.+)\)$/.exec(text) ?? []
  if (inner === undefined) return { aggregate: undefined, by: [], selector: parseVector(text) }
  return {
    aggregate: aggregate as Aggregate,
    by: labels === undefined ? [] : labels.split(',').map((label) => label.trim()),
    selector: parseVector(inner),
  }
}

function parseVector(text: string): Selector {
  const [, inner, n, unit] = /^increase\((.+)\[(\d+)([smh])\]\)$/.exec(text) ?? []
  if (inner === undefined) return parseSelector(text)
  return { ...parseSelector(inner), rangeMs: Number(n) * (unitMs[unit ?? ''] ?? NaN) }
}

function parseSelector(text: string): Selector {
  const [, metric, matchers] = /^([a-z_]+)(?:\{(.*)\})?$/.exec(text) ?? []
  if (metric === undefined) throw new Error(`not a selector: ${text}`)
  return {
    metric,
    matchers: matchers === undefined ? [] : matchers.split(',').map(parseMatcher),
    rangeMs: undefined,
  }
}

function parseMatcher(text: string): Matcher {
  const [, label, op, value] = /^(\w+)(=~|!~|!=|=)"([^"]*)"$/.exec(text.trim()) ?? []
  if (label === undefined || value === undefined) throw new Error(`not a matcher: ${text}`)
  return { label, op: op as Matcher['op'], value }
}

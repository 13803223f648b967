import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { parseRule, type Rule } from './parse-rule.ts'

export type Alert = {
  name: string
  rule: Rule
  labels: Record<string, string>
  annotations: Record<string, string>
}

type RulesFile = {
  groups: {
    rules: {
      alert: string
      expr: string
      labels: Record<string, string>
      annotations: Record<string, string>
    }[]
  }[]
}

/** The rules of deploy/alerts.yml. */
export function readAlerts(): Alert[] {
  const path = fileURLToPath(new URL('../../deploy/alerts.yml', import.meta.url))
  const { groups } = parse(readFileSync(path, 'utf8')) as RulesFile
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr, labels, annotations }) => ({
      name: alert,
      rule: parseRule(expr),
      labels,
      annotations,
    })),
  )
}

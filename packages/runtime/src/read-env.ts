import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { maskValue } from './mask-value.ts'
import { findUnsafeVariables } from './outer-environment.ts'

/** One variable that cannot be used, and why. `value` is masked. */
export interface EnvironmentProblem {
  name: string
  reason: string
  value: string
}

/** The environment does not fit. The message names every bad variable; values are masked. */
export class BadEnvironment extends Error {
  readonly code = 'bad_environment'
  readonly problems: readonly EnvironmentProblem[]

  constructor(problems: readonly EnvironmentProblem[]) {
    const lines = problems.map(({ name, reason, value }) => `  ${name} (${value}): ${reason}`)
    super(`The environment has ${problems.length} bad variable(s):\n${lines.join('\n')}`)
    this.name = 'BadEnvironment'
    this.problems = problems
  }
}

/** `EX_CONFIG` of sysexits.h: something in the configuration is wrong. */
const EXIT_CONFIG = 78

/**
 * Parses the environment once. An empty variable counts as not set. For every variable `X` of the schema `X_FILE` may
 * name a file whose trimmed content is used instead, so that secrets can be mounted. What Node reads itself is looked at, too.
 *
 * @throws BadEnvironment naming every bad variable, not only the first
 */
export function readEnv<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv): T {
  const problems = findUnsafeVariables(env)
  const values = collect(schema, env, problems)
  const result = schema.safeParse(values)
  if (!result.success) {
    const unreadable = new Set(problems.map(({ name }) => name))
    for (const { path, message } of result.error.issues) {
      const name = path.length > 0 ? String(path[0]) : 'environment'
      if (unreadable.has(`${name}_FILE`)) continue
      const set = values[name] !== undefined
      const source = env[`${name}_FILE`] ? 'from a file' : maskValue(name, values[name])
      problems.push({ name, value: set ? source : 'not set', reason: set ? message : 'is required' })
    }
  }
  if (problems.length > 0) throw new BadEnvironment(problems)
  return (result as { data: T }).data
}

/** Runs `fn`, usually a process' `readConfig`; on {@link BadEnvironment} prints it to stderr and exits 78. */
export function exitOnBadEnvironment<T>(fn: () => T): T {
  try {
    return fn()
  } catch (error) {
    if (!(error instanceof BadEnvironment)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(EXIT_CONFIG)
  }
}

function collect(schema: z.ZodType, env: NodeJS.ProcessEnv, problems: EnvironmentProblem[]) {
  const values: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(env)) if (value !== '') values[name] = value
  const names = variablesOf(schema)
  for (const name of names) {
    const path = values[`${name}_FILE`]
    if (path === undefined || names.has(`${name}_FILE`)) continue
    try {
      values[name] = readFileSync(path, 'utf8').trim() || undefined
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException
      problems.push({ name: `${name}_FILE`, value: 'a path', reason: `cannot be read: ${code}` })
    }
  }
  return values
}

/** The variables a schema reads, also through transforms and intersections. */
function variablesOf(schema: unknown): Set<string> {
  if (schema instanceof z.ZodObject) return new Set(Object.keys(schema.shape))
  if (schema instanceof z.ZodPipe) return union(schema.def.in, schema.def.out)
  if (schema instanceof z.ZodIntersection) return union(schema.def.left, schema.def.right)
  return new Set()
}

const union = (one: unknown, other: unknown) => new Set([...variablesOf(one), ...variablesOf(other)])

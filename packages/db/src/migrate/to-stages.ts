/** `rest` is what follows the table's name in the statement. */
export type IndexStage = { kind: 'index'; unique: boolean; name: string; table: string; rest: string }

export type Stage =
  | { kind: 'together'; statements: readonly string[] }
  | IndexStage
  /** Repeated until it changes no row. */
  | { kind: 'steps'; statement: string }

const inSteps = /^-- in steps\b/
const concurrently = /^CREATE (UNIQUE )?INDEX CONCURRENTLY "(\w+)" ON "(\w+)" ([^;]+);?$/
const anyConcurrently = /^\s*(CREATE|DROP|REINDEX)\b[^;]*\bCONCURRENTLY\b/im

/**
 * How the statements of one migration are carried out. Neighbours are one transaction, all or nothing. An index that is
 * built `CONCURRENTLY`, and a statement whose first line is `-- in steps`, stand alone between them.
 */
export function toStages(statements: readonly string[]): Stage[] {
  const stages: Stage[] = []
  let together: string[] = []
  const flush = () => {
    if (together.length > 0) stages.push({ kind: 'together', statements: together })
    together = []
  }
  for (const statement of statements.map((text) => text.trim()).filter((text) => text !== '')) {
    const alone = toLoneStage(statement)
    if (!alone) {
      together.push(statement)
      continue
    }
    flush()
    stages.push(alone)
  }
  flush()
  return stages
}

function toLoneStage(statement: string): Stage | undefined {
  if (inSteps.test(statement)) return { kind: 'steps', statement }
  const bare = statement.replace(/^(--.*\n\s*)+/, '')
  const [, unique, name, table, rest] = concurrently.exec(bare) ?? []
  if (name && table && rest) return { kind: 'index', unique: unique !== undefined, name, table, rest }
  if (anyConcurrently.test(bare))
    throw new Error(
      `CONCURRENTLY is understood as CREATE [UNIQUE] INDEX CONCURRENTLY "name" ON "table" …: ${bare}`,
    )
  return undefined
}

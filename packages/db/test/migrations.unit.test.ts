import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../migrations')
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

/** Statements that keep others out for as long as a table is large. */
function stalling(text: string): string[] {
  const made = new Set([...text.matchAll(/^CREATE TABLE "(\w+)"/gm)].map(([, table]) => table))
  const statements = text.split('--> statement-breakpoint').map((statement) => statement.trim())
  return statements.filter((statement) => {
    const [, table] = /^(?:--.*\n)*CREATE (?:UNIQUE )?INDEX "\w+" ON "(\w+)"/.exec(statement) ?? []
    if (table !== undefined) return !made.has(table)
    if (/\bALTER COLUMN "\w+" SET (DATA TYPE|NOT NULL)/.test(statement)) return true
    return /^(?:--.*\n)*(UPDATE|DELETE)\b/.test(statement) && !statement.startsWith('-- in steps')
  })
}

describe('the migrations', () => {
  it.each(files)('$name keeps nobody out of a table that is in use', ({ text }) => {
    expect(stalling(text)).toEqual([])
  })

  it.each([
    'CREATE INDEX "x" ON "deliveries" USING btree ("err");',
    'ALTER TABLE "lanes" ALTER COLUMN "limit_now" SET NOT NULL;',
    'UPDATE deliveries SET err = NULL',
  ])('would not: %s', (statement) => {
    expect(stalling(statement)).toEqual([statement])
  })
})

import type { Sql } from '../open-database.ts'
import { droppedMark, type Partition } from './partition.ts'

/**
 * Takes a partition out of its table and drops it. Nobody who reads or writes the table waits for that: it is detached
 * first, which waits for the statements that may still look into it and holds up no new one, and locked for dropping when
 * nobody sees it any more. It is for partitions below the floor that nothing holds.
 *
 * Throws 55P03 or 57014 when those statements take longer than the connection waits; then, as after a process that died,
 * the partition is already invisible, and {@link finishDrops} does the rest.
 *
 * @param sql one connection that is in no transaction
 */
export async function dropPartition(sql: Sql, { table, name }: Partition): Promise<void> {
  await sql.unsafe(`COMMENT ON TABLE ${quote(name)} IS '${droppedMark}'`)
  await sql.unsafe(`ALTER TABLE ${quote(table)} DETACH PARTITION ${quote(name)} CONCURRENTLY`)
  await sql.unsafe(`DROP TABLE ${quote(name)}`)
}

/**
 * Ends what {@link dropPartition} left half done and returns what is dropped now. Until then their table can have no other
 * partition detached. Throws like it.
 */
export async function finishDrops(sql: Sql): Promise<string[]> {
  const marked = await sql<{ name: string; parent: string | null; pending: boolean | null }[]>`
    SELECT c.relname AS name, parent.relname AS parent, i.inhdetachpending AS pending
    FROM pg_description d
    JOIN pg_class c ON c.oid = d.objoid
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    LEFT JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0 AND d.description = ${droppedMark}::text
    ORDER BY c.oid`
  // What is still a partition like any other is looked at anew.
  const halfDone = marked.filter(({ pending }) => pending !== false)
  for (const { name, parent } of halfDone) {
    if (parent !== null)
      await sql.unsafe(`ALTER TABLE ${quote(parent)} DETACH PARTITION ${quote(name)} FINALIZE`)
    await sql.unsafe(`DROP TABLE ${quote(name)}`)
  }
  return halfDone.map(({ name }) => name)
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

import postgres from 'postgres'

/** Everything a migration makes, in words that are the same for the same schema. */
export async function describeSchema(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const rows = await sql<{ text: string }[]>`
      WITH space AS (
        SELECT oid, nspname FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'drizzle'))
      SELECT concat_ws(' ', 'column', s.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attnotnull THEN 'not null' END, pg_get_expr(d.adbin, d.adrelid)) AS text
        FROM space s JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v')
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(x.indexrelid), CASE WHEN x.indisvalid THEN 'valid' END)
        FROM space s JOIN pg_class c ON c.relnamespace = s.oid JOIN pg_index x ON x.indexrelid = c.oid
      UNION ALL SELECT concat_ws(' ', 'constraint', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid))
        FROM space s JOIN pg_constraint o ON o.connamespace = s.oid
      UNION ALL SELECT pg_get_functiondef(p.oid)
        FROM space s JOIN pg_proc p ON p.pronamespace = s.oid AND p.prokind IN ('f', 'p')
      UNION ALL SELECT concat_ws(' ', 'sequence', s.nspname, q.seqrelid::regclass, q.seqmax, q.seqcycle)
        FROM space s JOIN pg_class c ON c.relnamespace = s.oid JOIN pg_sequence q ON q.seqrelid = c.oid
      ORDER BY 1`
    return rows.map(({ text }) => text)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

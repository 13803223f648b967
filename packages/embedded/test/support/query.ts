import postgres from 'postgres'

/** Runs one statement on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe<Record<string, unknown>[]>(text)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

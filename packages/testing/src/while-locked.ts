import postgres from 'postgres'

/** Does `work` while a table is locked. With a client of its own: Waybill's gives up transactions that take long. */
export async function whileLocked(
  url: string,
  table: string,
  mode: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const sql = postgres(url, { max: 1 })
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${table} IN ${mode} MODE`)
      await work()
    })
  } finally {
    await sql.end()
  }
}

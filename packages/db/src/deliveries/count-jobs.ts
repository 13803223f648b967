import type { Sql } from '../open-database.ts'
import { jobsCondition, searchJoin, type JobsQuery } from './jobs-query.ts'

/** How many the query has in all. */
export async function countJobs(sql: Sql, query: JobsQuery): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM deliveries d ${searchJoin(sql, query)} WHERE ${jobsCondition(sql, query)}`
  return row?.n ?? 0
}

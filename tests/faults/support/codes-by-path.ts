import type { FaultStack } from './fault-stack.ts'

/** Why attempts without an answer failed, by the path of their subscription; each code once, in order. */
export async function codesByPath(stack: FaultStack): Promise<Map<string, string[]>> {
  const rows = await stack.database.sql<{ subscription: number; err: string }[]>`
    SELECT DISTINCT d.subscription, a.err FROM attempts a JOIN deliveries d ON d.id = a.delivery
    WHERE a.code IS NULL AND a.err IS NOT NULL ORDER BY 1, 2`
  return new Map(
    stack.subscriptions.map(({ id, path }) => [
      path,
      rows.filter(({ subscription }) => subscription === id).map(({ err }) => err),
    ]),
  )
}

/** The status of an order as its snapshot names it, in the words of either version of the order; null without one. */
export function orderStatus(order: unknown): string | null {
  if (typeof order !== 'object' || order === null || Array.isArray(order)) return null
  const { order_status: v2, status } = order as Readonly<Record<string, unknown>>
  const found = v2 ?? status
  return typeof found === 'string' ? found : null
}

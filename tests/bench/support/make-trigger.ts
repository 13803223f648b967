import { createHash } from 'node:crypto'

const markLength = 9
const markStart = '"bench-'

/** One line of an order, about 270 bytes; the hash keeps the whole from being far easier to compress than real ones. */
const line = (n: number) => ({
  sku: `FP-${1000 + n}`,
  description: 'Floor plan, two storeys, measured on site, with furniture',
  media: createHash('sha256').update(`media ${n}`).digest('hex'),
  quantity: 1 + (n % 3),
  unit_price: '189.00',
  tags: ['indoor', 'measured'],
})

const linesOf = { '1k': 3, '7k': 29 } as const

/**
 * The body of POST /v1/triggers around a mark: an order of about 1 or 7 KB, on request at a facility. Returns the text
 * before and after the mark.
 */
export function triggerTemplate(
  size: keyof typeof linesOf,
  integration: number,
  occurredAt: string,
  facility?: string,
): { before: string; after: string } {
  const text = JSON.stringify({
    integration_id: integration,
    kind: 'order_status',
    name: 'scheduled',
    order_id: '40017',
    facility_id: facility,
    occurred_at: occurredAt,
    order: {
      reference: 'bench-#',
      property: { address: { street: '12 Harbour Road', city: 'Aurora', state: 'CO', zip: '80014' } },
      contact: { name: 'Renée Okafor', phone: '+1 303 555 0142', email: 'renee@yard.example' },
      appointment: {
        starts_at: '2031-05-04T09:00:00Z',
        ends_at: '2031-05-04T10:30:00Z',
        notes: 'Gate code 4711',
      },
      lines: Array.from({ length: linesOf[size] }, (_, n) => line(n)),
    },
  })
  const [before = '', after = ''] = text.split('#')
  return { before, after }
}

/** Always of the same length, so that every body is. */
export function writeMark(mark: number): string {
  return String(mark).padStart(markLength, '0')
}

/** The mark inside a delivered body; NaN when there is none. */
export function readMark(body: Buffer): number {
  const start = body.indexOf(markStart)
  if (start < 0) return Number.NaN
  const from = start + markStart.length
  return Number(body.toString('latin1', from, from + markLength))
}

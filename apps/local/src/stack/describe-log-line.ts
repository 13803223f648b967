const shownLevels = new Set(['warn', 'error'])
const longest = 200

/** A process' JSON log line as a person wants to see it, or nothing when it tells of everyday work. */
export function describeLogLine(name: string, line: string): string | undefined {
  const entry = parse(line)
  // Not of our logger: what node itself prints when something is wrong.
  if (!entry) return cut(`${name}: ${line}`)
  const { level, event, time: _time, service: _service, ...fields } = entry
  if (!shownLevels.has(String(level))) return undefined
  const details = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`)
  return cut([`${name} ${String(level)}:`, String(event), ...details].join(' '))
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function plain(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const cut = (text: string) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)

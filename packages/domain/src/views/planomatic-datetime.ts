const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i

/** `YYYY-MM-DDTHH:MM:SS.000+00:00`, as on "Payload" (https://api-docs.planomatic.com/v2.0/reference/payload): whole seconds. */
export function planomaticDatetime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000+00:00`
}

/**
 * Brings an ISO 8601 JSON string into that form; a time without a zone is UTC, whatever zone this process runs in.
 * Anything else is passed on as it came, since dropping what a person typed helps nobody.
 */
export function planomaticDatetimeJson(json: string | undefined): string {
  if (json === undefined) return 'null'
  const parts = ISO.exec(json.slice(1, -1))
  if (!json.startsWith('"') || !parts) return json
  const [, date, time = '00:00', seconds = ':00', zone = 'Z'] = parts
  const ms = Date.parse(`${date}T${time}${seconds}${withColon(zone)}`)
  return Number.isNaN(ms) ? json : JSON.stringify(planomaticDatetime(ms))
}

function withColon(zone: string): string {
  return zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase()
}

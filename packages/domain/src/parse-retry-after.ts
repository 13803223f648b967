const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const LONG_DAY = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)'
const MONTH = `(?<month>${MONTHS.join('|')})`
const TIME = '(?<time>\\d{2}:\\d{2}:\\d{2})'

/** The three forms a recipient must accept: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7. */
const HTTP_DATES = [
  new RegExp(`^${DAY}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`),
  new RegExp(`^${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
]

/**
 * Milliseconds from now that a Retry-After header asks for (seconds or an HTTP-date, RFC 9110 §10.2.3). Undefined when
 * it is missing, malformed or in the past: then the schedule alone decides.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER)
  const at = parseHttpDate(text, nowMs)
  return at === undefined || at < nowMs ? undefined : at - nowMs
}

function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const form of HTTP_DATES) {
    const { day, month, year, time } = form.exec(text)?.groups ?? {}
    if (!day || !month || !year || !time) continue
    const monthNumber = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
    const date = `${fullYear(year, nowMs)}-${monthNumber}-${day.trim().padStart(2, '0')}`
    const at = Date.parse(`${date}T${time}Z`)
    // Date.parse rolls 31 February over into March; such a header is malformed.
    return Number.isNaN(at) || !new Date(at).toISOString().startsWith(date) ? undefined : at
  }
  return undefined
}

/** Two digits name the year that is at most 50 years ahead, as the RFC demands. */
function fullYear(year: string, nowMs: number): string {
  if (year.length === 4) return year
  const thisYear = new Date(nowMs).getUTCFullYear()
  const inThisCentury = thisYear - (thisYear % 100) + Number(year)
  return String(inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury)
}

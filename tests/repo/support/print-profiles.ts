import { profiles, type Profile } from '@waybill/domain'

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** The longest unit that gives a whole number; days only from two on, since "24 h" reads better in a schedule. */
function duration(ms: number): string {
  for (const [unit, length] of units) {
    if (ms % length === 0 && (unit !== 'd' || ms > length)) return `${ms / length} ${unit}`
  }
  return `${ms} ms`
}

function gaps({ schedule }: Profile): string {
  const list = schedule.gapsMs.map(duration).join(', ')
  return schedule.afterLast === 'repeat' ? `every ${list}, until the horizon` : list
}

function mails({ mailAfter }: Profile): string {
  const reasons = [
    mailAfter.failures !== null && `after ${mailAfter.failures} failures`,
    mailAfter.failingMs !== null && `after ${duration(mailAfter.failingMs)} of failing`,
    mailAfter.giveUp && 'when a delivery is given up',
  ].filter((reason) => reason !== false)
  return reasons.join('; ') || 'never'
}

const columns: readonly (readonly [string, (profile: Profile) => string])[] = [
  ['profile', ({ name }) => `\`${name}\``],
  ['envelope', ({ envelope }) => `\`${envelope}\``],
  ['signature', ({ signature }) => `\`${signature}\``],
  ['success', ({ successRule }) => (successRule === '2xx' ? '2xx' : 'below 400')],
  ['jitter', ({ jitter }) => (jitter === 0 ? 'none' : `0 to +${jitter * 100} %`)],
  ['horizon', ({ defaultHorizonMs }) => duration(defaultHorizonMs)],
  ['Retry-After', ({ retryAfterCapMs }) => `up to ${duration(retryAfterCapMs)}`],
  ['410', ({ onGone }) => (onGone === 'deactivate' ? 'inactive' : 'retried')],
  ['schedule over', ({ onExhausted }) => (onExhausted === 'deactivate' ? 'inactive' : 'stays active')],
  [
    'nothing but failure',
    ({ deactivateAfterFailingMs: ms }) => (ms === null ? '–' : `inactive after ${duration(ms)}`),
  ],
  ['while inactive', ({ whenInactive }) => (whenInactive === 'skipped' ? '`skipped`' : 'no delivery')],
  ['mail', mails],
]

/** The whole of docs/profiles.md, printed from the profiles of packages/domain. */
export function printProfiles(): string {
  const all = Object.values(profiles)
  return [
    '# Profiles',
    '',
    '<!-- Printed from packages/domain/src/profiles.ts; a test fails when this page is stale. -->',
    '',
    'A profile says how the deliveries of a subscription go out. The first attempt is immediate; then these gaps follow,',
    'each counted from the attempt before it.',
    '',
    ...table(
      ['profile', 'retries', 'gaps'],
      all.map((profile) => [`\`${profile.name}\``, retries(profile), gaps(profile)]),
    ),
    '',
    'The rules beside the schedule, one profile a column:',
    '',
    ...table(
      columns
        .map(([title]) => title)
        .slice(0, 1)
        .concat(all.map(({ name }) => `\`${name}\``)),
      columns.slice(1).map(([title, cell]) => [title, ...all.map(cell)]),
    ),
    '',
    '- **signature**: `none-standard-headers` means that the vendor signs nothing, not that nothing is signed. These deliveries',
    '  carry the headers of Standard Webhooks all the same (`webhook-id`, `webhook-timestamp`, `webhook-signature`), as',
    '  `standard` ones do; see [the API](api.md#verify). Whoever does not know them can ignore them.',
    '- **success**: what counts when the subscription sets no `success_code` of its own.',
    '- **jitter**: what chance adds to a gap; none where the vendor states exact times.',
    '- **horizon**: how long after its trigger a delivery may still be tried. A subscription can set its own.',
    '- **Retry-After**: the longest wait a subscriber can ask for. It never shortens a gap.',
    '- **410**, **schedule over** and **nothing but failure**: what happens to the subscription.',
    '- **while inactive**: what a trigger makes for an inactive subscription.',
    '- **mail**: when the addresses of a subscription that asked to be told get a mail. One a delivery after so many failures;',
    '  one a day (UTC) for a subscription when it has been failing or a delivery was given up; one each time it becomes',
    '  inactive by a rule above. What was told, and what could not be, are [notices](api.md#notices).',
    '',
  ].join('\n')
}

const retries = ({ schedule }: Profile) =>
  schedule.afterLast === 'repeat' ? 'no limit' : String(schedule.gapsMs.length)

/** Cells are padded so that the page is already in the form the formatter wants. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

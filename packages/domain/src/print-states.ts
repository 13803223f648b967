import { deliveryStatuses, giveUpReasons, initialStatuses, moves, nextStatus, statusCode } from './states.ts'
import type { DeliveryAction, DeliveryStatus, GiveUpReason } from './states.ts'

const meanings: Readonly<Record<DeliveryStatus, string>> = {
  pending: 'waits for an attempt',
  delivered: 'the subscriber accepted it',
  failed: 'the last attempt failed; retries may still be due',
  skipped: 'matched, but not sent because the subscription was inactive',
  duplicated: 'not sent: the order system told the same occurrence before',
  ignored_failed: 'a person dismissed a failed delivery; its retries are cancelled',
  ignored_skipped: 'a person dismissed a skipped delivery',
  ignored_duplicated: 'a person dismissed a duplicated delivery',
}

const reasonMeanings: Readonly<Record<GiveUpReason, string>> = {
  exhausted: 'the schedule has no retry left',
  expired: 'the next retry would come after the horizon',
  gone: 'the subscriber answered 410',
  blocked: 'the URL leads to an address or port that may not be called',
  quarantined: 'workers died again and again while sending it',
  render_failed: 'the view makes no body of the trigger',
  subscription_deleted: 'the subscription was deleted while it was due',
}

/** The whole of docs/states.md, printed from the tables in states.ts. */
export function printStates(): string {
  return [
    '# Delivery states',
    '',
    '<!-- Printed from packages/domain/src/states.ts; a test fails when this page is stale. -->',
    '',
    `A delivery is made as ${initialStatuses.map((status) => `\`${status}\``).join(', ')}.`,
    '',
    ...table(
      ['status', 'code', 'meaning'],
      deliveryStatuses.map((status) => [`\`${status}\``, String(statusCode(status)), meanings[status]]),
    ),
    '',
    '## Moves',
    '',
    'A dash means that the action is refused and nothing changes.',
    '',
    ...movesTable(),
    '',
    '## Why a delivery was given up',
    '',
    'A `failed` delivery without a due retry names one of these. It can still be redelivered.',
    '',
    ...table(
      ['reason', 'meaning'],
      giveUpReasons.map((reason) => [`\`${reason}\``, reasonMeanings[reason]]),
    ),
    '',
  ].join('\n')
}

function movesTable(): string[] {
  const actions = Object.keys(moves) as DeliveryAction[]
  const rows = deliveryStatuses.map((from) => {
    const targets = actions.map((action) => nextStatus(action, from))
    return [`\`${from}\``, ...targets.map((to) => (to === undefined ? '–' : `\`${to}\``))]
  })
  return table(['from', ...actions], rows)
}

/** Cells are padded so that the page is already in the form the formatter wants. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

import type { LocalState } from './stack/local-state.ts'

const example = (integrationId: number) =>
  JSON.stringify({
    integration_id: integrationId,
    kind: 'order_event',
    name: 'order.delivered',
    order_id: 40001,
    order: { property: { location: { street: '1247 Elm Rd', city: 'Boulder', state: 'CO' } } },
  })

/** Where everything is and what to try, for the end of the opening. */
export function printNextSteps(
  state: LocalState,
  trigger: string | undefined,
  scheduleScale: number,
): string[] {
  const { apiUrl, token } = state
  const id = trigger ?? '<trigger id>'
  const authorization = `-H 'Authorization: Bearer ${token}'`
  const faster = Math.round(1 / scheduleScale)
  return [
    `API        ${apiUrl}`,
    `Token      ${token}  (integration ${state.integrationId})`,
    `Receiver   ${state.receiverUrl}  (prints what arrives, here)`,
    `Metrics    ${state.metricsUrl.api}  ${state.metricsUrl.worker}`,
    `Queue      ${state.queueBackend === 'redis' ? 'Redis' : 'PostgreSQL'}`,
    ...(scheduleScale < 1
      ? [`Retries    ${faster} times as fast as in earnest (SCHEDULE_SCALE=${scheduleScale})`]
      : []),
    '',
    'Send a trigger:',
    `  curl -s ${apiUrl}/v1/triggers ${authorization} -H 'Content-Type: application/json' \\`,
    `    -d '${example(state.integrationId)}'`,
    'Read it back:',
    `  curl -s ${authorization} ${apiUrl}/v1/triggers/${id}`,
    `  npx -y pnpm@12 trace ${id}`,
    '',
    'Ctrl-C stops everything.',
  ]
}

import type { LocalState } from './stack/local-state.ts'

export type NextSteps = {
  /** The newest trigger of the play. */
  trigger: string | undefined
  /** The demo's subscription, as Planning Center's API numbers it. */
  eventSubscription: string | undefined
  person: { email: string; password: string }
  scheduleScale: number
}

const json = `-H 'Content-Type: application/json'`

/** Where everything is and what to try, for the end of the opening. */
export function printNextSteps(state: LocalState, steps: NextSteps): string[] {
  return [...printAddresses(state, steps), '', ...printCalls(state, steps), '', 'Ctrl-C stops everything.']
}

function printAddresses(state: LocalState, { person, scheduleScale }: NextSteps): string[] {
  const faster = Math.round(1 / scheduleScale)
  return [
    `API        ${state.apiUrl}`,
    `Token      ${state.token}  (integration ${state.integrationId}, token ${state.tokenId})`,
    `Person     ${person.email}  password ${person.password}`,
    `Receiver   ${state.receiverUrl}  ${state.receiverSecureUrl}  (prints what arrives, here)`,
    'Mails      are printed here and not sent',
    `Metrics    ${state.metricsUrl.api}  ${state.metricsUrl.worker}`,
    `Queue      ${state.queueBackend === 'redis' ? 'Redis' : 'PostgreSQL'}`,
    ...(scheduleScale < 1
      ? [`Retries    ${faster} times as fast as in earnest (SCHEDULE_SCALE=${scheduleScale})`]
      : []),
  ]
}

function printCalls({ apiUrl, token, tokenId, integrationId }: LocalState, steps: NextSteps): string[] {
  const { trigger = '<trigger id>', eventSubscription = '<id>', person } = steps
  const bearer = `-H 'Authorization: Bearer ${token}'`
  const jobs = JSON.stringify({ token, integration_id: integrationId, page: { size: 3 } })
  return [
    'Send a trigger:',
    `  curl -s ${apiUrl}/v1/triggers ${bearer} ${json} \\`,
    `    -d '${exampleTrigger(integrationId)}'`,
    'Read it back:',
    `  curl -s ${bearer} ${apiUrl}/v1/triggers/${trigger}`,
    `  npx -y pnpm@12 trace ${trigger}`,
    'What was sent, as PlanOmatic, Nursa and Planning Center list it:',
    `  curl -s ${apiUrl}/api/v1/webhook_jobs/index ${json} -d '${jobs}'`,
    `  curl -s ${bearer} '${apiUrl}/api/v2/public/webhooks/logs?limit=3'`,
    `  curl -s -u ${tokenId}:${token} \\`,
    `    '${apiUrl}/webhooks/v2/webhook_subscriptions/${eventSubscription}/events?order=-created_at&per_page=3'`,
    `Log in as ${person.email}, in base64 as PlanOmatic wants passwords:`,
    `  curl -s ${apiUrl}/api/v1/sessions/create -H 'Content-Type: text/plain' \\`,
    `    -d ${logIn(person)}`,
  ]
}

const exampleTrigger = (integrationId: number) =>
  JSON.stringify({
    integration_id: integrationId,
    kind: 'order_event',
    name: 'order.delivered',
    order_id: 40001,
    order: { property: { location: { street: '1247 Elm Rd', city: 'Boulder', state: 'CO' } } },
  })

const logIn = (person: NextSteps['person']) =>
  Buffer.from(JSON.stringify({ ...person, application: 'planoauth' })).toString('base64')

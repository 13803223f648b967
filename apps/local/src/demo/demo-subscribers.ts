import { asIntegrationId, catalogue } from '@waybill/domain'

/** The tenant of everything the local stack loads. */
export const demoIntegration = { id: asIntegrationId(12), name: 'Waybill demo' } as const

/** How the demo receiver behaves towards one subscription. */
export type Temper = 'steady' | 'fails-at-first' | 'slow'

type Common = { key: string; name: string; path: string; temper: Temper }
export type DemoSubscriber = Common &
  (
    | { profile: 'planomatic-v2'; statuses: readonly string[] }
    | { profile: 'planomatic-v3'; events: readonly string[]; mailTo?: string }
    | { profile: 'standard'; events: readonly string[] }
    | { profile: 'nursa'; events: readonly string[] }
    | { profile: 'planning-center'; event: string }
  )

const namesOf = (kind: string) => catalogue.filter((entry) => entry.kind === kind).map((entry) => entry.name)

export const demoSubscribers: readonly DemoSubscriber[] = [
  {
    key: 'yard-crm',
    name: 'Yard CRM',
    path: '/yard-crm',
    temper: 'steady',
    profile: 'planomatic-v3',
    events: namesOf('order_event'),
    mailTo: 'ops@yard.test',
  },
  {
    key: 'mls-sync',
    name: 'MLS sync',
    path: '/mls-sync',
    temper: 'steady',
    profile: 'planomatic-v2',
    statuses: namesOf('order_status'),
  },
  { key: 'ledger', name: 'Ledger', path: '/ledger', temper: 'steady', profile: 'standard', events: ['*'] },
  {
    key: 'flaky',
    name: 'Flaky',
    path: '/flaky',
    temper: 'fails-at-first',
    profile: 'standard',
    events: ['order.delivered'],
  },
  {
    key: 'slow',
    name: 'Slow',
    path: '/slow',
    temper: 'slow',
    profile: 'standard',
    events: ['order.submitted', 'order.canceled'],
  },
  { key: 'clinic', name: 'Clinic', path: '/clinic', temper: 'steady', profile: 'nursa', events: ['all'] },
  {
    key: 'parish',
    name: 'Parish',
    path: '/parish',
    temper: 'steady',
    profile: 'planning-center',
    event: 'orders.v2.events.order.delivered',
  },
]

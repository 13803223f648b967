import {
  findSearchedTriggers,
  listRevisions,
  type Database,
  type JobsQuery,
  type JobsSearch,
  type RevisionRecord,
  type RevisionSet,
} from '@waybill/db'
import { catalogue, foldText, profileCode, type IntegrationId, type SubscriptionId } from '@waybill/domain'
import type { ParamReader } from './param-reader.ts'
import type { JobsParams } from './read-jobs-params.ts'

/** The profiles whose deliveries are this dialect's jobs. */
export const jobProfiles = [profileCode('planomatic-v2'), profileCode('planomatic-v3')]

/**
 * Looks up what the parameters name in the small tables, so that the large one is asked for numbers only. Undefined: no
 * job can fit. Subscribers that are not there go to the reader.
 */
export async function resolveJobsQuery(
  read: Database['read'],
  integration: IntegrationId,
  wanted: JobsParams,
  params: ParamReader,
): Promise<JobsQuery | undefined> {
  const { createdAfterMs, createdBeforeMs, statusCodes, eventIds, orderStatuses, sort, size, page } = wanted
  const revisions = needsRevisions(wanted) ? await listRevisions(read, integration, jobProfiles) : []
  const subscribers = wanted.subscribers && findSubscribers(revisions, wanted.subscribers, params)
  params.finish()
  const urls = wanted.endpoints && new Set(wanted.endpoints)
  const endpoints = urls && revisionsWhere(revisions, ({ url }) => urls.has(url))
  const search = wanted.search && (await resolveSearch(read, integration, wanted.search, revisions))
  if ((endpoints && isEmpty(endpoints)) || (search && findsNothing(search))) return undefined
  return {
    integration,
    // After it, as the row shows its time: to the millisecond.
    ...(createdAfterMs === undefined ? {} : { createdFrom: new Date(createdAfterMs + 1) }),
    ...(createdBeforeMs === undefined ? {} : { createdBefore: new Date(createdBeforeMs) }),
    ...(statusCodes ? { statusCodes } : {}),
    ...(eventIds ? { eventIds } : {}),
    ...(orderStatuses ? { orderStatuses } : {}),
    ...(subscribers ? { subscribers } : {}),
    ...(endpoints ? { endpoints } : {}),
    ...(search ? { search } : {}),
    sort,
    size,
    page,
  }
}

const needsRevisions = ({ subscribers, endpoints, search }: JobsParams): boolean =>
  subscribers !== undefined ||
  endpoints !== undefined ||
  (search?.attributes.some((name) => name === 'webhook_subscriber' || name === 'callback_url') ?? false)

/** By id, key or a name it has or had. */
function findSubscribers(
  revisions: readonly RevisionRecord[],
  wanted: readonly (string | number)[],
  params: ParamReader,
): SubscriptionId[] {
  const named = byName(revisions)
  const found = new Set<SubscriptionId>()
  for (const [index, one] of wanted.entries()) {
    const fits = named.get(one)
    if (!fits) params.invalid(`filters.subscribers.${index}`, 'unrecognized')
    else for (const subscription of fits) found.add(subscription)
  }
  return [...found]
}

/** A number is an id; a text is an id as well as a key or a name. */
function byName(revisions: readonly RevisionRecord[]): Map<string | number, Set<SubscriptionId>> {
  const named = new Map<string | number, Set<SubscriptionId>>()
  for (const { subscription, key, name } of revisions)
    for (const one of [subscription, String(subscription), key, name]) {
      const known = named.get(one)
      if (known) known.add(subscription)
      else named.set(one, new Set([subscription]))
    }
  return named
}

function revisionsWhere(
  revisions: readonly RevisionRecord[],
  fits: (revision: RevisionRecord) => boolean | undefined,
): RevisionSet {
  const fitting = revisions.filter(fits)
  const partly = new Set(revisions.filter((one) => !fits(one)).map((one) => one.subscription))
  const whole = new Set(fitting.map((one) => one.subscription).filter((id) => !partly.has(id)))
  const single = fitting.filter((one) => partly.has(one.subscription))
  return { whole: [...whole], single }
}

async function resolveSearch(
  read: Database['read'],
  integration: IntegrationId,
  { term, attributes }: NonNullable<JobsParams['search']>,
  revisions: readonly RevisionRecord[],
): Promise<JobsSearch> {
  const within = (name: (typeof attributes)[number]) => attributes.includes(name)
  const idsOf = (kind: string) =>
    catalogue.filter((entry) => entry.kind === kind && entry.name.includes(term)).map(({ id }) => id)
  const text = { term, address: within('address'), orderId: within('order_id') }
  const looksIntoTriggers = text.address || text.orderId
  const triggers = looksIntoTriggers ? await findSearchedTriggers(read, integration, text) : undefined
  return {
    eventIds: within('event') ? idsOf('order_event') : [],
    orderStatuses: within('status') ? idsOf('order_status') : [],
    revisions: revisionsWhere(
      revisions,
      ({ name, url }) =>
        (within('webhook_subscriber') && foldText(name).includes(term)) ||
        (within('callback_url') && foldText(url).includes(term)),
    ),
    ...(looksIntoTriggers ? { text } : {}),
    ...(triggers ? { triggers } : {}),
  }
}

const isEmpty = ({ whole, single }: RevisionSet): boolean => whole.length === 0 && single.length === 0

const findsNothing = ({ eventIds, orderStatuses, revisions, text, triggers }: JobsSearch): boolean =>
  eventIds.length === 0 &&
  orderStatuses.length === 0 &&
  isEmpty(revisions) &&
  (text === undefined || triggers?.length === 0)

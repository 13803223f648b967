import {
  deletedKeptDays,
  findRevisionView,
  loadSubscriptions,
  type LoadedSubscription,
  type MasterKeys,
  type Sql,
  type Storage,
} from '@waybill/db'
import {
  catalogueById,
  parseSuccessCode,
  profileByCode,
  profiles,
  scaleSchedule,
  type IntegrationId,
  type Profile,
  type ProfileName,
  type SubscriptionId,
  type SuccessCodeRule,
} from '@waybill/domain'
import type { Logger } from '@waybill/runtime'

/** A subscription ready for the hot path. */
export type Subscriber = LoadedSubscription & {
  state: NonNullable<LoadedSubscription['state']>
  settings: Profile
  successRule: SuccessCodeRule | undefined
}

/** The subscriptions in memory, as of a config version. */
export type Snapshot = {
  /**
   * Makes the snapshot at least as new as `version`, which the database has just told; concurrent callers share one
   * reading. A database that went back (restored, or a standby took over) is read anew: what it lost must not be matched.
   */
  ensure(version: number): Promise<void>
  /** Also finds a subscription that was deleted lately. */
  byId(subscription: SubscriptionId): Subscriber | undefined
  /** False while it has subscriptions of a profile or in a state that only newer workers know. */
  knows(integration: IntegrationId): boolean
  /** Those of the integration that listen to the event, whatever their state. */
  listening(integration: IntegrationId, eventId: number): readonly Subscriber[]
  /**
   * The subscription as a delivery planned with this profile (its code) sees it: shape and schedule are the delivery's, URL,
   * secrets, state and all else are today's.
   */
  inShapeOf(subscriber: Subscriber, profile: number): Subscriber
  /** The view a delivery was planned with, which may be older than the subscription's present one. */
  viewAt(subscriber: Subscriber, revision: number): string | null | Promise<string | null>
}

type State = {
  version: number
  byId: Map<SubscriptionId, Subscriber>
  byIntegration: Map<IntegrationId, Map<SubscriptionId, Subscriber>>
  /** Derived from `byIntegration` when first asked; dropped when its integration changes. */
  listening: Map<IntegrationId, Map<number, readonly Subscriber[]>>
  olderViews: Map<string, string | null>
  /** Deleted ones that are still known, with when that was read, oldest first. */
  deleted: Map<SubscriptionId, number>
  /** Subscriptions of profiles or in states this version does not know. */
  foreign: Map<IntegrationId, Set<SubscriptionId>>
}

const maxOlderViews = 10_000
/** As long as a worker that starts afresh loads them. */
const deletedKeptMs = deletedKeptDays * 86_400_000

export function createSnapshot(deps: {
  storage: Pick<Storage, 'sql'>
  keys: MasterKeys
  scheduleScale: number
  logger: Pick<Logger, 'error'>
  monotonic?: () => number
}): Snapshot {
  const { monotonic: now = () => performance.now() } = deps
  const state: State = {
    version: 0,
    byId: new Map(),
    byIntegration: new Map(),
    listening: new Map(),
    olderViews: new Map(),
    deleted: new Map(),
    foreign: new Map(),
  }
  const scaled = new Map<ProfileName, Profile>(
    Object.values(profiles).map((profile) => [
      profile.name,
      deps.scheduleScale === 1 ? profile : scaleSchedule(profile, deps.scheduleScale),
    ]),
  )
  let reading: Promise<void> | undefined

  const read = async () => {
    const load = (since: number) => loadSubscriptions(deps.storage.sql, deps.keys, since)
    const loaded = await load(state.version)
    const wentBack = loaded.version < state.version
    // Read before anything is forgotten: others match meanwhile.
    const { version, changed } = wentBack ? await load(0) : loaded
    if (wentBack) forget(state)
    for (const subscription of changed) {
      apply(state, scaled, subscription, now())
      if (!subscription.secrets) deps.logger.error('secret.unreadable', { subscription: subscription.id })
    }
    forgetDeleted(state, now() - deletedKeptMs)
    state.version = Math.max(state.version, version)
  }
  return {
    ensure: async (version) => {
      // Lower: told just before a change was read, or the database went back; a reading tells. The second reading began
      // after the version was told: where that is not there any more, nothing of what was claimed with it is either.
      for (let readings = 0; readings < 2 && state.version !== version; readings += 1) {
        if (readings > 0 && state.version > version) break
        reading ??= read().finally(() => (reading = undefined))
        await reading
      }
    },
    byId: (subscription) => state.byId.get(subscription),
    knows: (integration) => (state.foreign.get(integration)?.size ?? 0) === 0,
    listening: (integration, eventId) => listening(state, integration, eventId),
    inShapeOf: (subscriber, profile) =>
      profile === subscriber.profile
        ? subscriber
        : { ...subscriber, profile, settings: settingsOf(scaled, profile) },
    viewAt: (subscriber, revision) => {
      if (revision === subscriber.revision) return subscriber.view
      const known = state.olderViews.get(`${subscriber.id}.${revision}`)
      return known !== undefined ? known : readOlderView(state, deps.storage.sql, subscriber.id, revision)
    },
  }
}

function forget(state: State): void {
  state.version = 0
  for (const map of [
    state.byId,
    state.byIntegration,
    state.listening,
    state.olderViews,
    state.deleted,
    state.foreign,
  ])
    map.clear()
}

/** Those that were deleted before `since`: no plan and no due row names them any more. */
function forgetDeleted(state: State, since: number): void {
  for (const [id, readAt] of state.deleted) {
    if (readAt >= since) return
    state.deleted.delete(id)
    state.byId.delete(id)
  }
}

function apply(
  state: State,
  scaled: Map<ProfileName, Profile>,
  subscription: LoadedSubscription,
  now: number,
): void {
  const { id, integration } = subscription
  state.listening.delete(integration)
  const ofIntegration = state.byIntegration.get(integration) ?? new Map<SubscriptionId, Subscriber>()
  state.byIntegration.set(integration, ofIntegration)
  const name = profileByCode(subscription.profile)
  const settings = name && scaled.get(name)
  const foreign = state.foreign.get(integration) ?? new Set<SubscriptionId>()
  state.foreign.set(integration, foreign)
  const { state: itsState } = subscription
  // What a newer version of this program has made is left to the workers that know it.
  if (!settings || !itsState) {
    if (subscription.deleted) foreign.delete(id)
    else foreign.add(id)
    state.byId.delete(id)
    ofIntegration.delete(id)
    return
  }
  foreign.delete(id)
  const successRule =
    subscription.successCode === null ? undefined : parseSuccessCode(subscription.successCode)
  const subscriber = { ...subscription, state: itsState, settings, successRule }
  state.byId.set(id, subscriber)
  if (subscription.deleted) {
    ofIntegration.delete(id)
    if (!state.deleted.has(id)) state.deleted.set(id, now)
  } else ofIntegration.set(id, subscriber)
}

function listening(state: State, integration: IntegrationId, eventId: number): readonly Subscriber[] {
  const known = state.listening.get(integration)?.get(eventId)
  if (known) return known
  const event = catalogueById(eventId)
  const found = [...(state.byIntegration.get(integration)?.values() ?? [])].filter(
    (subscriber) =>
      event?.dialects[subscriber.settings.name] !== undefined &&
      (subscriber.filters.eventIds === undefined || subscriber.filters.eventIds.includes(eventId)),
  )
  const byEvent = state.listening.get(integration) ?? new Map<number, readonly Subscriber[]>()
  byEvent.set(eventId, found)
  state.listening.set(integration, byEvent)
  return found
}

function settingsOf(scaled: Map<ProfileName, Profile>, profile: number): Profile {
  const name = profileByCode(profile)
  const settings = name && scaled.get(name)
  if (!settings) throw new Error(`profile ${profile} is of a newer version of this program`)
  return settings
}

async function readOlderView(
  state: State,
  sql: Sql,
  subscription: SubscriptionId,
  revision: number,
): Promise<string | null> {
  const view = (await findRevisionView(sql, subscription, revision))?.view ?? null
  if (state.olderViews.size >= maxOlderViews) state.olderViews.clear()
  state.olderViews.set(`${subscription}.${revision}`, view)
  return view
}

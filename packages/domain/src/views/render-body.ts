import { profiles } from '../profiles.ts'
import type { Profile, ProfileName } from '../profiles.ts'
import { renderNursa } from './nursa.ts'
import { renderPlanningCenter } from './planning-center.ts'
import { renderPlanomaticV2 } from './planomatic-v2.ts'
import { renderPlanomaticV3 } from './planomatic-v3.ts'
import { readRaw } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { renderStandard } from './standard.ts'
import { freePart } from './trigger-parts.ts'

type Renderer = (input: RenderInput, trigger: RawObject) => string

const envelopes: Readonly<Record<Profile['envelope'], Renderer>> = {
  'order-status': renderPlanomaticV2,
  'order-event': renderPlanomaticV3,
  nursa: renderNursa,
  'event-delivery': renderPlanningCenter,
  standard: renderStandard,
}

const commonViews: Readonly<Record<string, (profile: Profile) => Renderer>> = {
  default: (profile) => envelopes[profile.envelope],
  /** The trigger's `order` or `data` alone, as it came. */
  raw: () => (input, trigger) => freePart(input, trigger)?.json ?? 'null',
}

/** The views that subscriptions of the profile may name. */
export function viewNames(_profile: ProfileName): string[] {
  return Object.keys(commonViews)
}

/** Whether subscriptions of the profile may name this view. */
export function isKnownView(_profile: ProfileName, name: string): boolean {
  return Object.hasOwn(commonViews, name)
}

/**
 * The body of an attempt. Equal inputs give equal bytes; outside planning-center they do not depend on the attempt.
 *
 * @throws RangeError for a view or event that does not exist, which the edges do not let through.
 */
export function renderBody(input: RenderInput): string {
  const view = input.view ?? 'default'
  const choose = Object.hasOwn(commonViews, view) ? commonViews[view] : undefined
  if (!choose) throw new RangeError(`no such view: ${view}`)
  return choose(profiles[input.profile])(input, readRaw(input.data))
}

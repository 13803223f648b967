import { catalogueById, profileByCode, profileCode, type ProfileName } from '@waybill/domain'

/** The only profiles a subscription can move between. */
const versions: readonly ProfileName[] = ['planomatic-v2', 'planomatic-v3']

/**
 * The code of the profile a delivery was planned with. A plan does not name it, and its subscription may have moved to
 * another version since. Each version tells events of its own, so the event says which one it was.
 */
export function plannedProfile({ profile }: { profile: number }, eventId: number): number {
  const names = catalogueById(eventId)?.dialects ?? {}
  const present = profileByCode(profile)
  if (present && names[present] !== undefined) return profile
  const planned = versions.find((name) => names[name] !== undefined)
  return planned ? profileCode(planned) : profile
}

import { profiles } from './profiles.ts'
import type { ProfileName } from './profiles.ts'

// Stored in every delivery's row: add codes, never change or reuse one.
const codes: Readonly<Record<ProfileName, number>> = {
  'planomatic-v2': 1,
  'planomatic-v3': 2,
  nursa: 3,
  'planning-center': 4,
  standard: 5,
}

export const profileNames = Object.keys(profiles) as readonly ProfileName[]

const names = new Map<number, ProfileName>(profileNames.map((name) => [codes[name], name]))

/** The smallint that stands for the profile in the database. */
export function profileCode(name: ProfileName): number {
  return codes[name]
}

/** The profile's name behind a stored code; undefined for a code this version does not know. */
export function profileByCode(code: number): ProfileName | undefined {
  return names.get(code)
}

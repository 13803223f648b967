import type { Profile } from './profiles.ts'

/** The statuses a subscription calls success, as inclusive ranges. */
export type SuccessCodeRule = readonly { readonly from: number; readonly to: number }[]

const MAX_LENGTH = 255
const LOWEST = 200
const HIGHEST = 599

/**
 * Reads a subscription's `success_code`: `200`, `2XX`, `200,204`, `200-299` and lists of these; blanks around the parts
 * are ignored. Undefined when the text is none of that or names what cannot be a final HTTP status.
 */
export function parseSuccessCode(text: string): SuccessCodeRule | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const ranges = text.split(',').map((part) => parsePart(part.trim()))
  return ranges.every((range) => range !== undefined) ? ranges : undefined
}

/** Whether the status is a success: by the subscription's own rule if it has one, else by its profile's. */
export function isSuccess(
  status: number,
  rule: SuccessCodeRule | undefined,
  profile: Pick<Profile, 'successRule'>,
): boolean {
  if (rule) return rule.some(({ from, to }) => status >= from && status <= to)
  switch (profile.successRule) {
    case '2xx':
      return status >= 200 && status < 300
    case 'below-400':
      return status < 400
    default:
      return profile.successRule satisfies never
  }
}

function parsePart(part: string): SuccessCodeRule[number] | undefined {
  const family = /^([2-5])xx$/i.exec(part)
  if (family) return { from: Number(family[1]) * 100, to: Number(family[1]) * 100 + 99 }
  const codes = /^(\d{3})(?:\s*-\s*(\d{3}))?$/.exec(part)
  if (!codes) return undefined
  const from = Number(codes[1])
  const to = Number(codes[2] ?? codes[1])
  return from >= LOWEST && to <= HIGHEST && from <= to ? { from, to } : undefined
}

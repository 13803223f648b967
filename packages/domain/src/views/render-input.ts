import type { ProfileName } from '../profiles.ts'

/** All that a body is made of: equal inputs give equal bytes. */
export type RenderInput = {
  readonly profile: ProfileName
  /** The subscription's `payload_render_view`; null is the profile's default. */
  readonly view: string | null
  readonly deliveryUuid: string
  /** From 1; only the planning-center body shows it. */
  readonly attempt: number
  /** The catalogue id of what happened. */
  readonly eventId: number
  readonly orderId: string | null
  readonly facilityId: string | null
  readonly acceptedAtMs: number
  /** The whole trigger as it was posted: the text of a valid JSON object. */
  readonly data: string
  readonly organizationId: number
}

import { retryAfter } from '../http/bad-tokens.ts'
import type { Answer } from '../http/send-answer.ts'

/** One parameter that is wrong, by its name in the request: `sort.by`. */
export type AttrError = { attr: string; message: string }

/**
 * The statuses of this dialect with their codes. First those of "Webhook Jobs Index"
 * (https://planocore.planomatic.com/documentation/api/v1/webhook_jobs/index), where the five from `no-params-decoded` on
 * are listed without a code; then those that "Sessions Create"
 * (https://planocore.planomatic.com/documentation/api/v1/sessions/create) adds. Its `user-requires-role` is never given:
 * `client-required` says the same and comes with a session.
 */
const statuses = {
  'action-successful': [200, 'The request was successful.'],
  'invalid-token': [401, 'The token is not valid.'],
  'session-expired': [401, 'The session is over; create a new one.'],
  'client-required': [401, 'The user has no role yet; register as a client with the session in data.'],
  'missing-param': [400, 'A required parameter is missing.'],
  'invalid-param': [400, 'A parameter is invalid.'],
  'application-crash': [500, 'Something broke on our side. Please try again later.'],
  'mandrill-email-failed': [500, 'The e-mail could not be sent. Please try again later.'],
  'invalid-content-type': [400, 'This call does not take a body of this content type.'],
  'route-non-existent': [500, 'There is no such route.'],
  'no-params-decoded': [400, 'The body was decoded, but holds no parameters.'],
  'invalid-encoded-params': [400, 'The body could not be decoded.'],
  'route-not-found': [500, 'This route is out of service.'],
  'identify-request-error': [500, 'The route could not be identified. Please try again later.'],
  'service-not-found': [500, 'The service of this route is out of service.'],
  'email-not-found': [400, 'No user has this e-mail address.'],
  'invalid-password': [400, 'The password is not the one of this user.'],
  'user-has-no-password': [400, 'This user has no password and cannot log in with one.'],
  'user-requires-role': [400, 'This user has no role.'],
} as const satisfies Record<string, readonly [code: number, message: string]>

export type PlanomaticStatus = keyof typeof statuses

export const planomaticStatuses = Object.keys(statuses) as readonly PlanomaticStatus[]

/** What is said where there was too much of something. The dialect documents no 429: its statuses stay as they are. */
const tooMany = {
  'invalid-token': 'Too many invalid tokens came from this address; try again later.',
  'invalid-password': 'Too many logins failed; try again later.',
} as const satisfies Partial<Record<PlanomaticStatus, string>>

type Details = { data?: unknown; errors?: readonly AttrError[] }

/** A refusal in the dialect's own words. */
export class PlanomaticRefusal extends Error {
  readonly status: PlanomaticStatus
  readonly errors: readonly AttrError[]
  readonly data: unknown

  constructor(status: PlanomaticStatus, errors: readonly AttrError[] = [], data?: unknown) {
    super(status)
    this.status = status
    this.errors = errors
    this.data = data
  }
}

/** A refusal of a caller who failed too often: its code is 429, with a Retry-After. */
export class PlanomaticTooMany extends Error {
  readonly status: keyof typeof tooMany
  readonly waitMs: number

  constructor(status: keyof typeof tooMany, waitMs: number) {
    super(status)
    this.status = status
    this.waitMs = waitMs
  }
}

/** The envelope `{code, status, message, data | errors}`; the HTTP status is the code. */
export function envelope(status: PlanomaticStatus, content: Details = {}): Answer {
  const [code, message] = statuses[status]
  return answer(code, status, message, content)
}

export function refusalEnvelope({ status, errors, data }: PlanomaticRefusal): Answer {
  const refused = envelope(status, { errors, data })
  return status === 'identify-request-error' ? { ...refused, headers: { 'retry-after': '1' } } : refused
}

export const tooManyEnvelope = ({ status, waitMs }: PlanomaticTooMany): Answer => ({
  ...answer(429, status, tooMany[status], {}),
  headers: retryAfter(waitMs),
})

/** What a mistake or an outage of ours looks like from outside. */
export const crashEnvelope = (): Answer => ({ ...envelope('application-crash'), headers: retryAfter(1_000) })

/** The same for a list that could not be put together in time: asked for less, it could. */
export const tooSlowEnvelope = (): Answer => {
  const message =
    'The query took too long. Narrow it with filters, a range of dates, a longer search term or a smaller page, leave out the count, or try again later.'
  return {
    ...answer(statuses['application-crash'][0], 'application-crash', message, {}),
    headers: retryAfter(1_000),
  }
}

function answer(
  code: number,
  status: PlanomaticStatus,
  message: string,
  { data, errors = [] }: Details,
): Answer {
  return {
    status: code,
    body: {
      code,
      status,
      message,
      ...(data === undefined ? {} : { data }),
      ...(errors.length > 0 ? { errors } : {}),
    },
  }
}

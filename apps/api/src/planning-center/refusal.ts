import { toProblem } from '../http/to-problem.ts'

/** One member of `errors` ("Errors", https://api.planningcenteronline.com/docs/overview/errors). */
export type PlanningCenterError = {
  status?: string
  title?: string
  code?: string
  detail: string
  source?: { parameter: string }
  meta?: { resource: string; associated_resources: readonly string[] }
}

/** A refusal in the dialect's own words. */
export class PlanningCenterRefusal extends Error {
  readonly status: number
  readonly errors: readonly PlanningCenterError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    errors: readonly PlanningCenterError[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(errors[0]?.detail ?? String(status))
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Validation Error',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const refusal = (
  status: number,
  detail: string,
  more: Partial<PlanningCenterError> = {},
  headers: Readonly<Record<string, string>> = {},
) =>
  new PlanningCenterRefusal(
    status,
    [{ status: String(status), title: titles[status] ?? String(status), ...more, detail }],
    headers,
  )

export const notFound = () => refusal(404, 'The resource you requested could not be found')

export const forbidden = (detail: string) => refusal(403, detail)

export const invalidPayload = (detail: string) => refusal(400, detail, { code: 'invalid_resource_payload' })

export const invalidQuery = (parameter: string, detail: string) =>
  refusal(400, detail, { source: { parameter } })

export const unsupportedVersion = (detail: string) =>
  refusal(400, detail, { code: 'unsupported_version_error' })

export const tooManyHeaders = (detail: string) => refusal(431, detail)

export const unauthenticated = () =>
  refusal(
    401,
    'Send an application id and its token as HTTP Basic, or the token as Authorization: Bearer.',
    {},
    { 'www-authenticate': 'Basic realm="waybill", Bearer realm="waybill"' },
  )

export const tooManyBadTokens = (headers: Readonly<Record<string, string>>) =>
  refusal(429, 'Too many invalid tokens came from this address; try again later.', { code: '429' }, headers)

/** What is wrong with attributes, by their names; `base` is the resource as a whole. */
export const invalidAttributes = (found: readonly (readonly [parameter: string, detail: string])[]) =>
  new PlanningCenterRefusal(
    422,
    found.map(([parameter, detail]) => ({
      status: '422',
      title: 'Validation Error',
      detail,
      source: { parameter },
      // The name that was recorded, in every version.
      meta: { resource: 'Subscription', associated_resources: [] },
    })),
  )

/** An action that the event's status does not allow. */
export const refusedAction = (detail: string) =>
  refusal(422, detail, {
    source: { parameter: 'status' },
    meta: { resource: 'Event', associated_resources: [] },
  })

/** Whatever was thrown, as a refusal. */
export function toRefusal(error: unknown, writes: boolean): PlanningCenterRefusal {
  if (error instanceof PlanningCenterRefusal) return error
  const found = toProblem(error, writes)
  const status = found.status ?? 500
  // Everything that keeps a body from being read at all is one thing here.
  if (status === 400 || found.code === 'body_must_be_object') return invalidPayload(found.message)
  if (status === 422 && found.errors.length > 0)
    return invalidAttributes(
      found.errors.map(({ pointer, message }) => [pointer.split('/').at(-1) || 'base', message]),
    )
  return refusal(status, found.message, status === 429 ? { code: '429' } : {}, found.headers)
}

import type { Answer } from '../http/send-answer.ts'

/** One parameter that is wrong, by its name in the request: `sort.by`. */
export type AttrError = { attr: string; message: string }

/**
 * The statuses of "Webhook Jobs Index"
 * (https://planocore.planomatic.com/documentation/api/v1/webhook_jobs/index) that this service gives, with their codes.
 * The two about decoding are listed there without a code.
 */
const statuses = {
  'action-successful': [200, 'The request was successful.'],
  'invalid-token': [401, 'The token is not valid.'],
  'missing-param': [400, 'A required parameter is missing.'],
  'invalid-param': [400, 'A parameter is invalid.'],
  'invalid-content-type': [400, 'Send the parameters as application/json.'],
  'no-params-decoded': [400, 'The body was decoded, but holds no parameters.'],
  'invalid-encoded-params': [400, 'The body could not be decoded.'],
  'application-crash': [500, 'Something broke on our side. Please try again later.'],
  'route-non-existent': [500, 'There is no such route.'],
} as const satisfies Record<string, readonly [code: number, message: string]>

export type PlanomaticStatus = keyof typeof statuses

/** A refusal in the dialect's own words. */
export class PlanomaticRefusal extends Error {
  readonly status: PlanomaticStatus
  readonly errors: readonly AttrError[]

  constructor(status: PlanomaticStatus, errors: readonly AttrError[] = []) {
    super(status)
    this.status = status
    this.errors = errors
  }
}

/** The envelope `{code, status, message, data | errors}`; the HTTP status is the code. */
export function envelope(
  status: PlanomaticStatus,
  content: { data?: unknown; errors?: readonly AttrError[] } = {},
): Answer {
  const [code, message] = statuses[status]
  const { data, errors = [] } = content
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

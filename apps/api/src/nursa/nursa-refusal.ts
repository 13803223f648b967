import type { Answer } from '../http/send-answer.ts'

/**
 * The status of every successful answer: the published contract declares 201 for all of its public operations, reading
 * and deleting included (https://docs.nursa.com/pages/api/webhook-logs-controller-search-logs).
 */
export const publishedStatus = 201

/** Names of statuses as the vendor's framework prints them; those without one are printed without `error`. */
const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  431: 'Request Header Fields Too Large',
}

/** A refusal in the dialect's own words: one message, or what is wrong with the request, rule by rule. */
export class NursaRefusal extends Error {
  readonly status: number
  readonly told: string | readonly string[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    told: string | readonly string[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(typeof told === 'string' ? told : told.join('; '))
    this.status = status
    this.told = told
    this.headers = headers
  }
}

/** `{message, error, statusCode}`, for 401, 429 and 503 without `error`. */
export function refusalAnswer({ status, told, headers }: NursaRefusal): Answer {
  const error = reasons[status]
  return {
    status,
    headers,
    body: { message: told, ...(error === undefined ? {} : { error }), statusCode: status },
  }
}

/** Key order as the vendor's framework has it for what nobody expected. */
export const crashAnswer: Answer = {
  status: 500,
  body: { statusCode: 500, message: 'Internal server error' },
}

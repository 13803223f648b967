import type { IncomingMessage } from 'node:http'
import { retryAfter } from '../http/bad-tokens.ts'
import type { Problem } from '../http/problem.ts'
import type { Answer } from '../http/send-answer.ts'
import { toProblem } from '../http/to-problem.ts'
import { crashAnswer, NursaRefusal, refusalAnswer } from './nursa-refusal.ts'

/** The answer to a path or method that is no route, as the vendor's framework words it. */
export const noRoute = (method: string, url: string) => new NursaRefusal(404, `Cannot ${method} ${url}`)

/** What was thrown, in the dialect's words; a bug and an outage tell nothing of themselves. */
export function toNursaAnswer(
  error: unknown,
  request: Pick<IncomingMessage, 'method'> & { originalUrl: string },
): Answer {
  if (error instanceof NursaRefusal) return refusalAnswer(error)
  // A path that cannot be decoded names nothing.
  if (error instanceof URIError) return refusalAnswer(noRoute(request.method ?? '', request.originalUrl))
  const problem = toProblem(error, request.method !== 'GET' && request.method !== 'HEAD')
  const status = problem.status ?? 500
  if (status === 503) return refusalAnswer(new NursaRefusal(503, 'Service Unavailable', retryAfter(1_000)))
  if (status === 500) return crashAnswer
  return refusalAnswer(ofBody(problem, status))
}

/** What is wrong with a body before its members are looked at; a list, as in every 400. */
function ofBody(problem: Problem, status: number): NursaRefusal {
  if (status !== 400 && status !== 422) return new NursaRefusal(status, problem.message, problem.headers)
  const told = problem.errors.map(({ pointer, message }) => `${pointer}: ${message}`)
  return new NursaRefusal(400, told.length > 0 ? told : [problem.message])
}

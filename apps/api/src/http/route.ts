import type { IncomingMessage } from 'node:http'
import type { Principal } from '@waybill/db'
import type { JsonObject } from './parse-json-body.ts'
import type { QueryParameters } from './query-parameters.ts'
import type { Answer } from './send-answer.ts'

/** A request of the native API once it is authenticated and its body is read. */
export type Call = {
  principal: Principal
  /** Who is written into the audit log. */
  actor: string
  params: Readonly<Record<string, string>>
  query: QueryParameters
  /** Empty where the route takes no body. */
  body: JsonObject
  request: IncomingMessage
  /** Aborts once nobody waits for the answer: its time is up, the caller has gone, or it is sent. */
  signal: AbortSignal
}

/** One line of the native API's route table. A handler answers, or throws a Problem. */
export type Route = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Express' path pattern; also the label of the route's metrics. */
  path: string
  takesBody?: true
  /** In ms, where it may take longer than usual. */
  answerWithinMs?: number
  handle: (call: Call) => Promise<Answer>
}

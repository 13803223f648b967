import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorTable, fieldTitles } from './error-table.ts'
import type { Problem } from './problem.ts'
import { requestId } from './request-id.ts'
import { sendAnswer } from './send-answer.ts'

const titles: Readonly<Record<string, string>> = {
  ...fieldTitles,
  ...Object.fromEntries(Object.entries(errorTable).map(([code, [, title]]) => [code, title])),
}

/** Answers as `application/problem+json` (RFC 9457, https://www.rfc-editor.org/rfc/rfc9457). */
export function answerProblem(request: IncomingMessage, response: ServerResponse, refusal: Problem): void {
  const status = refusal.status ?? 500
  sendAnswer(request, response, {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...refusal.headers },
    body: {
      type: `urn:waybill:problem:${refusal.code}`,
      title: titles[refusal.code] ?? refusal.code,
      status,
      code: refusal.code,
      detail: refusal.message,
      errors: refusal.errors,
      request_id: requestId(request),
    },
  })
}

import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { ReceivedRequest, ReceiverAnswer } from './receiver-types.ts'

/** Sends one answer; `closing` ends what waits. The other side may hang up at any time. */
export async function answerRequest(
  request: ReceivedRequest,
  response: ServerResponse,
  answer: ReceiverAnswer,
  closing: AbortSignal,
): Promise<void> {
  if (answer.delayMs) await pause(answer.delayMs, closing)
  if (answer.hang || closing.aborted) return
  if (answer.reset) {
    response.socket?.resetAndDestroy()
    return
  }
  const status = answer.status ?? 200
  request.answered = status
  response.writeHead(status, answer.headers)
  if (answer.drip) await dripBody(response, answer.drip, closing)
  response.end(answer.body)
}

async function dripBody(
  response: ServerResponse,
  { pieces, everyMs, endless }: NonNullable<ReceiverAnswer['drip']>,
  closing: AbortSignal,
): Promise<void> {
  response.flushHeaders()
  for (let i = 0; endless ? pieces.length > 0 : i < pieces.length; i += 1) {
    await pause(everyMs, closing)
    if (closing.aborted || response.destroyed) return
    response.write(pieces[Math.min(i, pieces.length - 1)] ?? '')
  }
}

async function pause(ms: number, closing: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: closing }).catch(() => undefined)
}

import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { FaultAnswer } from './receiver-types.ts'

/** Answers one request in the way the rule says. */
export async function answerFaulty(response: ServerResponse, answer: FaultAnswer): Promise<void> {
  const { socket } = response
  const status = answer.status ?? 200
  if (answer.delayMs) await pause(answer.delayMs)
  switch (answer.mode) {
    case undefined:
      response.writeHead(status, answer.headers)
      response.end(answer.body)
      return
    case 'hang':
      return
    case 'reset':
      socket?.resetAndDestroy()
      return
    case 'close':
      socket?.destroy()
      return
    case 'half-close':
      socket?.end()
      return
    case 'reset-in-body':
      response.writeHead(status, { 'content-length': '1000' })
      response.write('begun')
      await pause(50)
      socket?.resetAndDestroy()
      return
    case 'answer-then-reset':
      // The keep-alive socket looks good to its next user.
      response.writeHead(status)
      response.end()
      await pause(30)
      socket?.resetAndDestroy()
      return
    case 'drip-head':
      await drip(response, `HTTP/1.1 ${status} Dripped\r\nx-drip: ${'a'.repeat(200)}\r\n\r\n`)
      return
    case 'drip-body':
      response.writeHead(status)
      for (let i = 0; i < 200 && !response.destroyed; i += 1) {
        response.write('a')
        await pause(200)
      }
      response.end()
      return
    case 'informational-flood':
      for (let i = 0; i < 1_000 && socket?.writable; i += 1) {
        socket.write('HTTP/1.1 102 Processing\r\n\r\n')
        await pause(20)
      }
      return
    default:
      answer.mode satisfies never
  }
}

async function drip({ socket }: ServerResponse, text: string): Promise<void> {
  for (const letter of text) {
    if (!socket?.writable) return
    socket.write(letter)
    await pause(200)
  }
}

import type { Call } from './call-once.ts'

/** Notes how a call was answered. */
export async function noteCall(asked: Promise<Response>, calls: Call[]): Promise<Response> {
  const [at, startedAt] = [Date.now(), performance.now()]
  const note = (call: Pick<Call, 'status' | 'retryAfter' | 'problem'> & { error?: string }) =>
    calls.push({ ...call, at, ms: performance.now() - startedAt })
  try {
    const answer = await asked
    note({ status: answer.status, ...headersOf(answer) })
    return answer
  } catch (error) {
    note({ status: 0, retryAfter: false, problem: false, error: String(error) })
    throw error
  }
}

/** Whether the answer says when to come back, in seconds, and tells its problem as every problem is told. */
const headersOf = ({ headers }: Response): Pick<Call, 'retryAfter' | 'problem'> => ({
  retryAfter: /^\d+$/.test(headers.get('retry-after') ?? ''),
  problem: (headers.get('content-type') ?? '').startsWith('application/problem+json'),
})

export type ArmedPoint = {
  name: string
  /** Which pass acts, counted from 1. */
  pass: number
  action: { kind: 'kill' | 'throw' | 'crash' | 'reject' } | { kind: 'block'; ms: number }
}

/**
 * Reads `name`, `name:n`, `name:n:throw`, `name:n:crash` (thrown where nobody catches it), `name:n:reject` (a promise
 * that nobody waits for) or `name:n:block=ms`; without an action the process is killed. Empty text arms nothing. Throws
 * for anything else.
 */
export function parseFaultPoint(text: string): ArmedPoint | undefined {
  if (text === '') return undefined
  const [, name, pass = '1', action = 'kill', ms] =
    /^([a-z.-]+)(?::(\d+)(?::(kill|throw|crash|reject|block)(?:=(\d+))?)?)?$/.exec(text) ?? []
  if (name === undefined) throw new Error(`FAULT_POINT is not name:n[:action]: ${text}`)
  if (action === 'block')
    return { name, pass: Number(pass), action: { kind: action, ms: Number(ms ?? 1_000) } }
  return { name, pass: Number(pass), action: { kind: action as 'kill' | 'throw' | 'crash' | 'reject' } }
}
